import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { ContentInfo, EncryptedContent, EncryptedContentInfo, id_data, id_encryptedData } from '@peculiar/asn1-cms'
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
  PFX,
  PKCS8ShroudedKeyBag,
  PKCS12Attribute,
  SafeBag,
  SafeContents,
} from '@peculiar/asn1-pfx'
import { AsnConvert, AsnProp, AsnPropTypes, OctetString } from '@peculiar/asn1-schema'
import { DirectoryString } from '@peculiar/asn1-x509'
import { type DevClient, splitPem } from './dev-client.ts'
import { authenticateWithPassword, encodePassword, encryptWithPassword } from './encrypt-with-password.ts'

const FRIENDLY_NAME = '1.2.840.113549.1.9.20'
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21'

/** Encrypted content (RFC 5652, section 8). The library has no schema of it. */
class EncryptedData {
  readonly version: number = 0
  readonly encryptedContentInfo: EncryptedContentInfo

  constructor(encryptedContentInfo: EncryptedContentInfo) {
    this.encryptedContentInfo = encryptedContentInfo
  }
}
AsnProp({ type: AsnPropTypes.Integer })(EncryptedData.prototype, 'version')
AsnProp({ type: EncryptedContentInfo })(EncryptedData.prototype, 'encryptedContentInfo')

/**
 * Formats a client as a PKCS #12 file for browsers: its key, its certificate, and the intermediates that it sends.
 *
 * Uses triple DES and SHA-1: the keychain of macOS reads no newer algorithms, and all other readers still read these.
 * They protect nothing here, because the folder contains the same key in PEM without a password.
 *
 * @param password - the password that the importer asks for. macOS refuses an empty one.
 * @returns DER
 * @see {@link https://www.rfc-editor.org/rfc/rfc7292 RFC 7292}
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 *
 * await writeFile('alice.p12', formatPkcs12(edge.clients.alice, 'countersign'), { mode: 0o600 })
 * ```
 */
export function formatPkcs12({ name, cert, key }: DevClient, password: string): Uint8Array {
  const [leaf, ...chain] = splitPem(cert).map((pem) => new X509Certificate(pem))
  if (!leaf) throw new TypeError('cert must be a certificate in PEM')
  const secret = encodePassword(password)
  const attributes = sortSet([
    attribute(LOCAL_KEY_ID, new OctetString(createHash('sha1').update(leaf.raw).digest())),
    attribute(FRIENDLY_NAME, new DirectoryString({ bmpString: name })),
  ])
  const certificates = new SafeContents([certBag(leaf, attributes), ...chain.map((each) => certBag(each))])
  const keys = new SafeContents([keyBag(key, secret, attributes)])
  const safe = AsnConvert.serialize(
    new AuthenticatedSafe([encryptedContent(certificates, secret), content(AsnConvert.serialize(keys))]),
  )
  const pfx = new PFX({ authSafe: content(safe), macData: authenticateWithPassword(safe, secret) })
  return new Uint8Array(AsnConvert.serialize(pfx))
}

function content(data: ArrayBuffer): ContentInfo {
  return new ContentInfo({ contentType: id_data, content: AsnConvert.serialize(new OctetString(data)) })
}

function encryptedContent(certificates: SafeContents, secret: Uint8Array): ContentInfo {
  const { algorithm, bytes } = encryptWithPassword(AsnConvert.serialize(certificates), secret)
  const encryptedContentInfo = new EncryptedContentInfo({
    contentType: id_data,
    contentEncryptionAlgorithm: algorithm,
    encryptedContent: new EncryptedContent({ value: bytes }),
  })
  const encrypted = AsnConvert.serialize(new EncryptedData(encryptedContentInfo))
  return new ContentInfo({ contentType: id_encryptedData, content: encrypted })
}

function certBag({ raw }: X509Certificate, bagAttributes?: PKCS12Attribute[]): SafeBag {
  const certValue = AsnConvert.serialize(new OctetString(raw))
  const bagValue = AsnConvert.serialize(new CertBag({ certId: id_x509Certificate, certValue }))
  return new SafeBag({ bagId: id_certBag, bagValue, ...(bagAttributes && { bagAttributes }) })
}

function keyBag(pem: string, secret: Uint8Array, bagAttributes: PKCS12Attribute[]): SafeBag {
  const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  const { algorithm, bytes } = encryptWithPassword(pkcs8, secret)
  const bag = new PKCS8ShroudedKeyBag({ encryptionAlgorithm: algorithm, encryptedData: bytes })
  return new SafeBag({ bagId: id_pkcs8ShroudedKeyBag, bagValue: AsnConvert.serialize(bag), bagAttributes })
}

/** The constructor of the library's class ignores its argument. */
function attribute(attrId: string, value: object): PKCS12Attribute {
  return Object.assign(new PKCS12Attribute(), { attrId, attrValues: [AsnConvert.serialize(value)] })
}

/** Sorts the members of a SET OF by their encoding, as DER demands. The library writes them in the given order. */
function sortSet<Member>(members: readonly Member[]): Member[] {
  const encode = (member: Member) => new Uint8Array(AsnConvert.serialize(member))
  return members.toSorted((one, other) => Buffer.compare(encode(one), encode(other)))
}
