/**
 * Attribute types with a short name, by object identifier. We print the first name: RFC 4514's if it has one, otherwise
 * OpenSSL's. We accept every name, in any case.
 */
const ATTRIBUTE_TYPES: readonly (readonly [oid: string, ...names: string[]])[] = [
  ['2.5.4.3', 'CN', 'commonName'],
  ['2.5.4.4', 'SN', 'surname'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C', 'countryName'],
  ['2.5.4.7', 'L', 'localityName'],
  ['2.5.4.8', 'ST', 'stateOrProvinceName'],
  ['2.5.4.9', 'STREET', 'streetAddress'],
  ['2.5.4.10', 'O', 'organizationName'],
  ['2.5.4.11', 'OU', 'organizationalUnitName'],
  ['2.5.4.12', 'title'],
  ['2.5.4.13', 'description'],
  ['2.5.4.15', 'businessCategory'],
  ['2.5.4.16', 'postalAddress'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.18', 'postOfficeBox'],
  ['2.5.4.19', 'physicalDeliveryOfficeName'],
  ['2.5.4.20', 'telephoneNumber'],
  ['2.5.4.21', 'telexNumber'],
  ['2.5.4.23', 'facsimileTelephoneNumber'],
  ['2.5.4.24', 'x121Address'],
  ['2.5.4.25', 'internationaliSDNNumber'],
  ['2.5.4.26', 'registeredAddress'],
  ['2.5.4.27', 'destinationIndicator'],
  ['2.5.4.41', 'name'],
  ['2.5.4.42', 'GN', 'givenName'],
  ['2.5.4.43', 'initials'],
  ['2.5.4.44', 'generationQualifier'],
  ['2.5.4.45', 'x500UniqueIdentifier'],
  ['2.5.4.46', 'dnQualifier'],
  ['2.5.4.51', 'houseIdentifier'],
  ['2.5.4.54', 'dmdName'],
  ['2.5.4.65', 'pseudonym'],
  ['2.5.4.72', 'role'],
  ['2.5.4.97', 'organizationIdentifier'],
  ['2.5.4.98', 'c3', 'countryCode3c'],
  ['2.5.4.99', 'n3', 'countryCode3n'],
  ['2.5.4.100', 'dnsName'],
  ['0.9.2342.19200300.100.1.1', 'UID', 'userId'],
  ['0.9.2342.19200300.100.1.3', 'mail', 'rfc822Mailbox'],
  ['0.9.2342.19200300.100.1.25', 'DC', 'domainComponent'],
  ['1.2.840.113549.1.9.1', 'emailAddress', 'E', 'email'],
  ['1.2.840.113549.1.9.2', 'unstructuredName'],
  ['1.2.840.113549.1.9.8', 'unstructuredAddress'],
  ['1.3.6.1.4.1.311.60.2.1.1', 'jurisdictionL', 'jurisdictionLocalityName'],
  ['1.3.6.1.4.1.311.60.2.1.2', 'jurisdictionST', 'jurisdictionStateOrProvinceName'],
  ['1.3.6.1.4.1.311.60.2.1.3', 'jurisdictionC', 'jurisdictionCountryName'],
]

const oidBySpelling = new Map<string, string>()
const nameByOid = new Map<string, string>()
for (const [oid, ...names] of ATTRIBUTE_TYPES) {
  nameByOid.set(oid, names[0] as string)
  for (const spelling of [oid, ...names]) oidBySpelling.set(spelling.toLowerCase(), oid)
}

const DOTTED_OID = /^(?:oid\.)?((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+)$/i
const KEYWORD = /^[A-Za-z][A-Za-z0-9-]*$/

/**
 * Returns the identity of an attribute type. Two spellings name the same attribute exactly when their ids are equal.
 *
 * @param type - a short name in any case (`CN`, `commonName`), a dotted OID, or an `OID.`-prefixed one (RFC 1779)
 * @returns the dotted OID of a known name; any other name in lower case
 * @throws SyntaxError if the text is neither a keyword nor a dotted OID (RFC 4514, section 3)
 * @example
 * ```ts
 * attributeTypeId('commonName') // '2.5.4.3'
 * attributeTypeId('OID.2.5.4.3') // '2.5.4.3'
 * ```
 */
export function attributeTypeId(type: string): string {
  const known = oidBySpelling.get(type.toLowerCase())
  if (known) return known
  const oid = DOTTED_OID.exec(type)
  if (oid) return oid[1] as string
  if (KEYWORD.test(type)) return type.toLowerCase()
  throw new SyntaxError('an attribute type is not a name such as CN or a dotted OID')
}

/**
 * Returns the spelling that {@link formatDistinguishedName} prints: `commonName`, `cn` and `2.5.4.3` all become `CN`.
 *
 * @param type - as for {@link attributeTypeId}
 * @throws SyntaxError as {@link attributeTypeId} does
 */
export function attributeTypeName(type: string): string {
  const id = attributeTypeId(type)
  return nameByOid.get(id) ?? (DOTTED_OID.test(type) ? id : type)
}
