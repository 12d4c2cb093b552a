// Publishes one observation: BROKER TOPIC SCHEMA.avsc DEVICE PLATE [REGISTRY_URL]. Knows nothing of Fairwatch.
'use strict';

const fs = require('node:fs');
const { randomUUID } = require('node:crypto');
const avro = require('avsc');
const { Kafka, logLevel } = require('kafkajs');

const [broker, topic, file, device, plate, registry] = process.argv.slice(2);
const text = fs.readFileSync(file, 'utf8');
// 64-bit times: JavaScript's numbers hold microseconds until the year 2255.
const type = avro.Type.forSchema(JSON.parse(text), { wrapUnions: false });

function plateRead() {
  const now = Date.now() * 1000;
  return {
    observation_id: randomUUID(),
    event_type: 'plate.read',
    device_id: device,
    source: { format: 'javascript-gate' },
    occurred_at: now,
    received_at: now,
    object_class: 'PLATE',
    plates: [{ text: plate, raw: plate }],
    extensions: { lane: '2', 'driver.ethnicity': 'forbidden-value', 'driver.Emotion': 'forbidden-value' },
  };
}

// CRC-64-AVRO of the parsing canonical form, as Avro's specification gives it.
function fingerprint(canonical) {
  const empty = 0xc15d213aa4d7a795n;
  let crc = empty;
  for (const byte of Buffer.from(canonical, 'utf8')) {
    let entry = (crc ^ BigInt(byte)) & 0xffn;
    for (let bit = 0; bit < 8; bit += 1) entry = (entry >> 1n) ^ (entry & 1n ? empty : 0n);
    crc = (crc >> 8n) ^ entry;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(crc);
  return bytes;
}

async function head() {
  if (!registry) return Buffer.concat([Buffer.from([0xc3, 0x01]), fingerprint(JSON.stringify(type.schema()))]);
  const answer = await fetch(`${registry}/subjects/${type.name}/versions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: text }),
  });
  if (!answer.ok) throw new Error(`${registry} answers ${answer.status}: ${await answer.text()}`);
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE((await answer.json()).id, 1);
  return bytes;
}

async function main() {
  const observation = plateRead();
  const value = Buffer.concat([await head(), type.toBuffer(observation)]);
  const producer = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR }).producer();
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [{ key: device, value }] });
  await producer.disconnect();
  console.log(observation.observation_id);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
