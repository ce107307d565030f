// A real personal data server of the AT protocol with its directory, on loopback, all in memory. It says in one line of
// JSON where it is and who may post, and ends when its standard input ends.
import { createRequire } from 'node:module'
import { Server } from 'node:net'
import { pathToFileURL } from 'node:url'

// Its servers would listen to the whole network.
const listen = Server.prototype.listen
Server.prototype.listen = function (port, ...rest) {
  const wanted = typeof port === 'object' ? port : { port: Number(port) }
  return listen.call(this, { ...wanted, host: '127.0.0.1' }, ...rest.filter((each) => typeof each === 'function'))
}

const require = createRequire(`${process.argv[2]}/`)
const { TestNetworkNoAppView } = await import(pathToFileURL(require.resolve('@atproto/dev-env')))

const network = await TestNetworkNoAppView.create({})
const agent = network.pds.getAgent ? network.pds.getAgent() : network.pds.getClient()
for (const name of ['tea-shop', 'lea-reads']) {
  await agent.api.com.atproto.server.createAccount({
    handle: `${name}.test`,
    email: `${name}@example.test`,
    password: 'a-long-password',
  })
}
console.log(JSON.stringify({ url: network.pds.url, password: 'a-long-password' }))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
