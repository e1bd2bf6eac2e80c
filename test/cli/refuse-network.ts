import dns from "node:dns";
import net from "node:net";
import { syncBuiltinESMExports } from "node:module";

// Loaded before the command line: whoever asks for the network ends the process, with a word that the tests look for.
const refuse = (what: string) => (): never => {
  process.stderr.write(`NETWORK: ${what}\n`);
  process.exit(99);
};

net.Socket.prototype.connect = refuse("a connection");
dns.lookup = Object.assign(refuse("a look-up"), dns.lookup);
globalThis.fetch = refuse("fetch");
syncBuiltinESMExports();
