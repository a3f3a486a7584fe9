// An OPC UA server on node-opcua, a stack that Ria shares nothing with.
//
//   node opcua_server.js PORT [TRUSTED_DER]
//
// PORT 0 takes a free one. Prints {"listening", "endpoint", "certificate"} when ready and ends when
// its stdin closes. Offers security None, Basic256Sha256, Aes128 and Aes256 with SignAndEncrypt;
// with TRUSTED_DER it takes encrypted sessions from that one certificate only, without it from any.
// Keys and certificates live in a temporary folder that goes with the process.
//
// Commands on stdin, one JSON object a line, each answered by {"done": cmd}:
//   {"cmd": "stop"}                              end as a server does that is switched off
//   {"cmd": "delete", "node": "float.0"}         remove a node from the address space
//   {"cmd": "set", "node": "static", "value": 1} set a value, stamped with this instant
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const readline = require("node:readline");
const {
  DataType, DataValue, MessageSecurityMode, OPCUACertificateManager, OPCUAServer, SecurityPolicy,
  StatusCodes, Variant, VariantArrayType,
} = require("node-opcua");

const NAMESPACE = "urn:ria:peer";
const PERIOD_MS = 200;

const port = Number(process.argv[2]);
const trusted = process.argv[3];
if (!Number.isInteger(port)) {
  process.stderr.write("usage: opcua_server.js PORT [TRUSTED_DER]\n");
  process.exit(2);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ria-peer-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));

const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");

// a 64-bit integer is a pair [high, low] here, which only `arrayType` tells from an array
const scalar = (type, value) =>
  ({ dataType: DataType[type], arrayType: VariantArrayType.Scalar, value });

const access = (level) => ({ accessLevel: level, userAccessLevel: level });

function populate(server) {
  const space = server.engine.addressSpace;
  const names = space.registerNamespace(NAMESPACE);
  const nodes = new Map();
  const add = (name, type, value, options = {}) => {
    const node = names.addVariable({
      organizedBy: space.rootFolder.objects, browseName: name, nodeId: `s=${name}`,
      dataType: DataType[type], value: scalar(type, value), ...access("CurrentRead"), ...options,
    });
    nodes.set(name, { node, type });
    return node;
  };
  const settable = access("CurrentRead | CurrentWrite");

  const moving = [];
  const move = (name, type, value) => {
    add(name, type, value(0));
    moving.push({ name, type, value });
  };
  for (let i = 0; i < 6; i++) move(`float.${i}`, "Double", (n) => n + i / 10);
  move("float32", "Float", (n) => n / 4);
  move("int16", "Int16", (n) => -(n % 1000));
  move("uint16", "UInt16", (n) => (n * 7) % 65536);
  move("int32", "Int32", (n) => n * 1000 - 5);
  move("uint32", "UInt32", (n) => 4000000000 + n);
  move("uint64", "UInt64", (n) => [1, n]); // 2^32 + n
  move("bool.0", "Boolean", (n) => n % 2 === 1);
  move("bool.1", "Boolean", (n) => n % 4 >= 2);

  add("static", "Double", 17.5);
  add("text", "String", "Vũng Tàu");
  add("setpoint", "Double", 0.5, settable);
  add("setpoint.int", "Int32", 3, settable);
  add("switch", "Boolean", false, settable);
  add("stuck", "Double", 1.25, { // takes every write and keeps its value
    ...settable, minimumSamplingInterval: 100, value: {
      get: () => new Variant(scalar("Double", 1.25)), set: () => StatusCodes.Good,
    },
  });
  add("bad", "Double", 0).setValueFromSource(
    scalar("Double", 4.5), StatusCodes.BadSensorFailure, new Date());
  add("uncertain", "Double", 0).setValueFromSource(
    scalar("Double", 2.5), StatusCodes.UncertainLastUsableValue, new Date());
  const unstamped = new DataValue({
    value: scalar("Double", 8.25), sourceTimestamp: null, serverTimestamp: new Date(),
  });
  add("unstamped", "Double", 8.25, { minimumSamplingInterval: 100 }).readValue = () => unstamped;

  // value and source time are those of the step, whenever the timer gets to it
  const start = Date.now();
  const timer = setInterval(() => {
    const n = Math.floor((Date.now() - start) / PERIOD_MS);
    const at = new Date(start + n * PERIOD_MS);
    for (const { name, type, value } of moving) {
      const entry = nodes.get(name);
      if (entry) entry.node.setValueFromSource(scalar(type, value(n)), StatusCodes.Good, at);
    }
  }, PERIOD_MS);
  return { space, nodes, timer };
}

async function main() {
  const certificates = new OPCUACertificateManager({
    rootFolder: path.join(folder, "pki"), automaticallyAcceptUnknownCertificate: !trusted,
  });
  await certificates.initialize();
  if (trusted) await certificates.trustCertificate(fs.readFileSync(trusted));
  const server = new OPCUAServer({
    port, host: "127.0.0.1", hostname: "127.0.0.1",
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityPolicies: [
      SecurityPolicy.None, SecurityPolicy.Basic256Sha256,
      SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
    allowAnonymous: true,
    serverInfo: { applicationUri: "urn:ria:peer:server" },
  });
  await server.initialize();
  const { space, nodes, timer } = populate(server);
  await server.start();

  const stop = async () => {
    clearInterval(timer);
    await server.shutdown(0);
    process.exit(0);
  };
  const obey = async (command) => {
    if (command.cmd === "delete") {
      const { node } = nodes.get(command.node);
      nodes.delete(command.node);
      space.deleteNode(node.nodeId);
    } else if (command.cmd === "set") {
      const { node, type } = nodes.get(command.node);
      node.setValueFromSource(scalar(type, command.value), StatusCodes.Good, new Date());
    } else if (command.cmd !== "stop") {
      throw new Error(`no such command: ${command.cmd}`);
    }
    say({ done: command.cmd });
    if (command.cmd === "stop") await stop();
  };
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => obey(JSON.parse(line)));
  lines.on("close", stop);

  const listening = server.endpoints[0].port;
  say({ listening, endpoint: `opc.tcp://127.0.0.1:${listening}`, certificate: server.certificateFile });
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
