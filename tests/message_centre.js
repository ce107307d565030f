// A message centre for the tests of SMPP: the npm package `smpp` takes what comes, and tells of it on standard output,
// a JSON object a line. What it is to do stands on standard input, likewise.
const smpp = require("smpp");
const fs = require("fs");
const readline = require("readline");

const tell = (told) => process.stdout.write(JSON.stringify(told) + "\n");
const options = process.argv[2] ? { key: fs.readFileSync(process.argv[2]), cert: fs.readFileSync(process.argv[2]) } : {};
const answers = {}; // by number: {status, times}, or {silent: true}
const sessions = new Set();
let count = 0;

const server = smpp.createServer(options, (session) => {
  session.on("error", () => {});
  session.on("close", () => { sessions.delete(session); tell({ closed: true }); });
  const bind = (kind) => session.on(kind, (pdu) => {
    if (pdu.system_id !== "acme" || pdu.password !== "secret") {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      return;
    }
    session.kind = kind;
    sessions.add(session);
    session.send(pdu.response());
    tell({ bound: kind, version: pdu.interface_version });
  });
  ["bind_transceiver", "bind_transmitter", "bind_receiver"].forEach(bind);
  session.on("enquire_link", (pdu) => { tell({ enquired: true }); session.send(pdu.response()); });
  session.on("unbind", (pdu) => { tell({ unbound: true }); session.send(pdu.response()); session.close(); });
  session.on("submit_sm", (pdu) => {
    const answer = answers[pdu.destination_addr];
    tell({ offered: pdu.destination_addr });
    if (answer && answer.times !== 0 && !answer.silent) {
      if (answer.times) answer.times -= 1;
      session.send(pdu.response({ command_status: answer.status }));
      return;
    }
    count += 1;
    const text = pdu.message_payload || pdu.short_message;
    tell({
      to: pdu.destination_addr, from: pdu.source_addr, source_ton: pdu.source_addr_ton, ton: pdu.dest_addr_ton,
      coding: pdu.data_coding, receipt: pdu.registered_delivery, message: text.message,
      udh: text.udh ? text.udh.map((each) => [...each]) : null,
      sar: [pdu.sar_msg_ref_num, pdu.sar_segment_seqnum, pdu.sar_total_segments],
    });
    if (answer && answer.silent) return;
    session.send(pdu.response({ message_id: (0x1a00 + count).toString(16) }));
  });
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const told = JSON.parse(line);
  if (told.answer) Object.assign(answers, told.answer);
  if (told.told_all) tell(told);
  for (const session of sessions) {
    if (session.kind === "bind_transmitter") continue;
    if (told.deliver) {
      const pdu = { ...told.deliver };
      if (pdu.message_hex) { pdu.short_message = Buffer.from(pdu.message_hex, "hex"); delete pdu.message_hex; }
      session.deliver_sm(pdu, (response) => tell({ confirmed: response.command_status }));
    }
    if (told.raw) session.socket.write(Buffer.from(told.raw, "hex"));
    if (told.unbind) session.unbind((response) => tell({ left: response.command_status }));
    if (told.cut) session.socket.destroy();
    if (told.enquire) session.enquire_link((response) => tell({ alive: response.command_status }));
  }
}).on("close", () => process.exit(0));

server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
