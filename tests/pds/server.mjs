// A real personal data server of the AT protocol with its directory, on loopback. Where it is told a database of
// PostgreSQL, the AppView keeps in there what becomes of posts; all else is in memory. It says in one line of JSON where it
// is and who may post, and ends when its standard input ends.
import { createRequire } from 'node:module'
import { createServer, Server } from 'node:net'
import { pathToFileURL } from 'node:url'

// Its servers would listen to the whole network.
const listen = Server.prototype.listen
Server.prototype.listen = function (port, ...rest) {
  const wanted = typeof port === 'object' ? port : { port: Number(port) }
  return listen.call(this, { ...wanted, host: '127.0.0.1' }, ...rest.filter((each) => typeof each === 'function'))
}

const [packages, database] = process.argv.slice(2)
const require = createRequire(`${packages}/`)
const dev = await import(pathToFileURL(require.resolve('@atproto/dev-env')))

function freePort() {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function withAppView() {
  const plc = await dev.TestPlc.create({})
  const port = await freePort() // each of the two wants to know where the other one is
  const bsky = await dev.TestBsky.create({
    plcUrl: plc.url,
    pdsPort: port,
    repoProvider: `ws://localhost:${port}`,
    dbPostgresUrl: database,
    dbPostgresSchema: 'appview',
  })
  const view = { bskyAppViewUrl: bsky.url, bskyAppViewDid: bsky.serverDid }
  const pds = await dev.TestPds.create({ port, didPlcUrl: plc.url, ...view })
  dev.mockNetworkUtilities(pds, bsky)
  return pds
}

const pds = database ? await withAppView() : (await dev.TestNetworkNoAppView.create({})).pds
const agent = pds.getAgent ? pds.getAgent() : pds.getClient()
for (const name of ['tea-shop', 'lea-reads']) {
  await agent.api.com.atproto.server.createAccount({
    handle: `${name}.test`,
    email: `${name}@example.test`,
    password: 'a-long-password',
  })
}
console.log(JSON.stringify({ url: pds.url, password: 'a-long-password' }))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
