import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import canonicalize from "canonicalize";

/** What the certificate of a signer says, as Fulcio writes it for a workflow. */
export interface SignerIdentity {
  /** `https://github.com/acme/routes/.github/workflows/eval.yml@refs/heads/main` */
  address: string;
  issuer: string;
  signerCommit: string;
  repositoryId: number;
  runAddress: string;
}

/** A certificate authority and a transparency log of our own, for tests: what they sign is verified as Sigstore's is. */
export interface TestSigner {
  /** The trust root that names both. */
  root: object;
  /** A Sigstore bundle (v0.1) with an in-toto statement, its certificate and its entry in the log. */
  attest(statement: unknown, identity: SignerIdentity): Record<string, unknown>;
}

// DER, as little as certificates need.
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, "utf8"));
const bits = (value: Uint8Array): Buffer => der(0x03, Buffer.from([0]), value);

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return der(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

const name = (common: string): Buffer => sequence(der(0x31, sequence(oid("2.5.4.3"), text(0x0c, common))));
const time = (at: Date): Buffer => text(0x18, `${at.toISOString().slice(0, 19).replace(/[-T:]/g, "")}Z`);
const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [Buffer.from([1, 1, 0xff])] : []), der(0x04, value));
const ecdsaSha256 = sequence(oid("1.2.840.10045.4.3.2"));

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash("sha1").update(spkiOf(key)).digest();
}

interface CertificateInput {
  subject: Buffer;
  issuer: Buffer;
  from: Date;
  to: Date;
  key: KeyObject;
  extensions: readonly Buffer[];
}

function issue(input: CertificateInput, signer: KeyObject): Buffer {
  const tbs = sequence(
    der(0xa0, Buffer.from([2, 1, 2])),
    Buffer.from([2, 1, 7]),
    ecdsaSha256,
    input.issuer,
    sequence(time(input.from), time(input.to)),
    input.subject,
    spkiOf(input.key),
    der(0xa3, sequence(...input.extensions)),
  );
  return sequence(tbs, ecdsaSha256, bits(sign("sha256", tbs, signer)));
}

function encodePayload(payload: Buffer, type: string): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
}

/** @param at when things are signed and witnessed */
export function createTestSigner(at: Date): TestSigner {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const log = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const logId = createHash("sha256").update(spkiOf(log.publicKey)).digest();
  const years = (count: number): Date => new Date(at.getTime() + count * 365 * 86_400_000);
  const own = name("test authority");
  const ownKeyId = keyIdOf(authority.publicKey);
  const authorityCertificate = issue(
    {
      subject: own,
      issuer: own,
      from: years(-1),
      to: years(5),
      key: authority.publicKey,
      extensions: [
        extension("2.5.29.19", sequence(Buffer.from([1, 1, 0xff])), true),
        extension("2.5.29.15", der(0x03, Buffer.from([1, 0x06])), true),
        extension("2.5.29.14", der(0x04, ownKeyId)),
      ],
    },
    authority.privateKey,
  );
  const validFor = { start: years(-1).toISOString() };

  return {
    root: {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [
        {
          baseUrl: "https://log.test",
          hashAlgorithm: "SHA2_256",
          publicKey: {
            rawBytes: spkiOf(log.publicKey).toString("base64"),
            keyDetails: "PKIX_ECDSA_P256_SHA_256",
            validFor,
          },
          logId: { keyId: logId.toString("base64") },
        },
      ],
      certificateAuthorities: [
        {
          subject: { organization: "test", commonName: "test authority" },
          uri: "https://authority.test",
          certChain: { certificates: [{ rawBytes: authorityCertificate.toString("base64") }] },
          validFor,
        },
      ],
      ctlogs: [],
      timestampAuthorities: [],
    },

    attest(statement, identity) {
      const key = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const fulcio = (number: number, value: string): Buffer =>
        extension(`1.3.6.1.4.1.57264.1.${number}`, text(0x0c, value));
      const certificate = issue(
        {
          subject: sequence(),
          issuer: own,
          from: new Date(at.getTime() - 60_000),
          to: new Date(at.getTime() + 600_000),
          key: key.publicKey,
          extensions: [
            extension("2.5.29.15", der(0x03, Buffer.from([7, 0x80])), true),
            extension("2.5.29.35", sequence(der(0x80, ownKeyId))),
            extension("2.5.29.17", sequence(text(0x86, identity.address)), true),
            fulcio(8, identity.issuer),
            fulcio(10, identity.signerCommit),
            fulcio(15, String(identity.repositoryId)),
            fulcio(21, identity.runAddress),
          ],
        },
        authority.privateKey,
      );
      const payloadType = "application/vnd.in-toto+json";
      const payload = Buffer.from(JSON.stringify(statement));
      const signature = sign("sha256", encodePayload(payload, payloadType), key.privateKey).toString("base64");
      const pem = `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64").replace(/(.{64})(?=.)/g, "$1\n")}\n-----END CERTIFICATE-----\n`;
      const body = {
        apiVersion: "0.0.1",
        kind: "dsse",
        spec: {
          envelopeHash: { algorithm: "sha256", value: "" },
          payloadHash: { algorithm: "sha256", value: createHash("sha256").update(payload).digest("hex") },
          signatures: [{ signature, verifier: Buffer.from(pem).toString("base64") }],
        },
      };
      const canonicalizedBody = Buffer.from(JSON.stringify(body)).toString("base64");
      const integratedTime = Math.floor(at.getTime() / 1000);
      const promised = { body: canonicalizedBody, integratedTime, logID: logId.toString("hex"), logIndex: 7 };
      const promise = sign("sha256", Buffer.from(canonicalize(promised) ?? ""), log.privateKey);
      return {
        mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
        verificationMaterial: {
          x509CertificateChain: { certificates: [{ rawBytes: certificate.toString("base64") }] },
          tlogEntries: [
            {
              logIndex: "7",
              logId: { keyId: logId.toString("base64") },
              kindVersion: { kind: "dsse", version: "0.0.1" },
              integratedTime: String(integratedTime),
              inclusionPromise: { signedEntryTimestamp: promise.toString("base64") },
              canonicalizedBody,
            },
          ],
        },
        dsseEnvelope: { payload: payload.toString("base64"), payloadType, signatures: [{ sig: signature, keyid: "" }] },
      };
    },
  };
}
