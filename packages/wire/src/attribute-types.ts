/**
 * Attribute types with a short name, by object identifier. We print the first name: RFC 4514's if it has one, otherwise
 * OpenSSL's. We accept every name, in any case.
 *
 * These are all attribute types that OpenSSL prints by name: of X.500, of the pilot directories (RFC 4524), of PKCS #9,
 * of EV certificates, and of Russian tax and insurance numbers. OpenSSL's `uid` is missing: see `isAmbiguousType`.
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
  ['2.5.4.14', 'searchGuide'],
  ['2.5.4.15', 'businessCategory'],
  ['2.5.4.16', 'postalAddress'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.18', 'postOfficeBox'],
  ['2.5.4.19', 'physicalDeliveryOfficeName'],
  ['2.5.4.20', 'telephoneNumber'],
  ['2.5.4.21', 'telexNumber'],
  ['2.5.4.22', 'teletexTerminalIdentifier'],
  ['2.5.4.23', 'facsimileTelephoneNumber'],
  ['2.5.4.24', 'x121Address'],
  ['2.5.4.25', 'internationaliSDNNumber'],
  ['2.5.4.26', 'registeredAddress'],
  ['2.5.4.27', 'destinationIndicator'],
  ['2.5.4.28', 'preferredDeliveryMethod'],
  ['2.5.4.29', 'presentationAddress'],
  ['2.5.4.30', 'supportedApplicationContext'],
  ['2.5.4.31', 'member'],
  ['2.5.4.32', 'owner'],
  ['2.5.4.33', 'roleOccupant'],
  ['2.5.4.34', 'seeAlso'],
  ['2.5.4.35', 'userPassword'],
  ['2.5.4.36', 'userCertificate'],
  ['2.5.4.37', 'cACertificate'],
  ['2.5.4.38', 'authorityRevocationList'],
  ['2.5.4.39', 'certificateRevocationList'],
  ['2.5.4.40', 'crossCertificatePair'],
  ['2.5.4.41', 'name'],
  ['2.5.4.42', 'GN', 'givenName'],
  ['2.5.4.43', 'initials'],
  ['2.5.4.44', 'generationQualifier'],
  ['2.5.4.45', 'x500UniqueIdentifier'],
  ['2.5.4.46', 'dnQualifier'],
  ['2.5.4.47', 'enhancedSearchGuide'],
  ['2.5.4.48', 'protocolInformation'],
  ['2.5.4.49', 'distinguishedName'],
  ['2.5.4.50', 'uniqueMember'],
  ['2.5.4.51', 'houseIdentifier'],
  ['2.5.4.52', 'supportedAlgorithms'],
  ['2.5.4.53', 'deltaRevocationList'],
  ['2.5.4.54', 'dmdName'],
  ['2.5.4.65', 'pseudonym'],
  ['2.5.4.72', 'role'],
  ['2.5.4.97', 'organizationIdentifier'],
  ['2.5.4.98', 'c3', 'countryCode3c'],
  ['2.5.4.99', 'n3', 'countryCode3n'],
  ['2.5.4.100', 'dnsName'],
  ['0.9.2342.19200300.100.1.1', 'UID', 'userId'],
  ['0.9.2342.19200300.100.1.2', 'textEncodedORAddress'],
  ['0.9.2342.19200300.100.1.3', 'mail', 'rfc822Mailbox'],
  ['0.9.2342.19200300.100.1.4', 'info'],
  ['0.9.2342.19200300.100.1.5', 'favouriteDrink'],
  ['0.9.2342.19200300.100.1.6', 'roomNumber'],
  ['0.9.2342.19200300.100.1.7', 'photo'],
  ['0.9.2342.19200300.100.1.8', 'userClass'],
  ['0.9.2342.19200300.100.1.9', 'host'],
  ['0.9.2342.19200300.100.1.10', 'manager'],
  ['0.9.2342.19200300.100.1.11', 'documentIdentifier'],
  ['0.9.2342.19200300.100.1.12', 'documentTitle'],
  ['0.9.2342.19200300.100.1.13', 'documentVersion'],
  ['0.9.2342.19200300.100.1.14', 'documentAuthor'],
  ['0.9.2342.19200300.100.1.15', 'documentLocation'],
  ['0.9.2342.19200300.100.1.20', 'homeTelephoneNumber'],
  ['0.9.2342.19200300.100.1.21', 'secretary'],
  ['0.9.2342.19200300.100.1.22', 'otherMailbox'],
  ['0.9.2342.19200300.100.1.23', 'lastModifiedTime'],
  ['0.9.2342.19200300.100.1.24', 'lastModifiedBy'],
  ['0.9.2342.19200300.100.1.25', 'DC', 'domainComponent'],
  ['0.9.2342.19200300.100.1.26', 'aRecord'],
  ['0.9.2342.19200300.100.1.27', 'pilotAttributeType27'],
  ['0.9.2342.19200300.100.1.28', 'mXRecord'],
  ['0.9.2342.19200300.100.1.29', 'nSRecord'],
  ['0.9.2342.19200300.100.1.30', 'sOARecord'],
  ['0.9.2342.19200300.100.1.31', 'cNAMERecord'],
  ['0.9.2342.19200300.100.1.37', 'associatedDomain'],
  ['0.9.2342.19200300.100.1.38', 'associatedName'],
  ['0.9.2342.19200300.100.1.39', 'homePostalAddress'],
  ['0.9.2342.19200300.100.1.40', 'personalTitle'],
  ['0.9.2342.19200300.100.1.41', 'mobileTelephoneNumber'],
  ['0.9.2342.19200300.100.1.42', 'pagerTelephoneNumber'],
  ['0.9.2342.19200300.100.1.43', 'friendlyCountryName'],
  ['0.9.2342.19200300.100.1.44', 'uniqueIdentifier'],
  ['0.9.2342.19200300.100.1.45', 'organizationalStatus'],
  ['0.9.2342.19200300.100.1.46', 'janetMailbox'],
  ['0.9.2342.19200300.100.1.47', 'mailPreferenceOption'],
  ['0.9.2342.19200300.100.1.48', 'buildingName'],
  ['0.9.2342.19200300.100.1.49', 'dSAQuality'],
  ['0.9.2342.19200300.100.1.50', 'singleLevelQuality'],
  ['0.9.2342.19200300.100.1.51', 'subtreeMinimumQuality'],
  ['0.9.2342.19200300.100.1.52', 'subtreeMaximumQuality'],
  ['0.9.2342.19200300.100.1.53', 'personalSignature'],
  ['0.9.2342.19200300.100.1.54', 'dITRedirect'],
  ['0.9.2342.19200300.100.1.55', 'audio'],
  ['0.9.2342.19200300.100.1.56', 'documentPublisher'],
  ['1.2.840.113549.1.9.1', 'emailAddress', 'E', 'email'],
  ['1.2.840.113549.1.9.2', 'unstructuredName'],
  ['1.2.840.113549.1.9.3', 'contentType'],
  ['1.2.840.113549.1.9.4', 'messageDigest'],
  ['1.2.840.113549.1.9.5', 'signingTime'],
  ['1.2.840.113549.1.9.6', 'countersignature'],
  ['1.2.840.113549.1.9.7', 'challengePassword'],
  ['1.2.840.113549.1.9.8', 'unstructuredAddress'],
  ['1.2.840.113549.1.9.9', 'extendedCertificateAttributes'],
  ['1.2.840.113549.1.9.14', 'extReq'],
  ['1.2.840.113549.1.9.15', 'SMIME-CAPS'],
  ['1.2.840.113549.1.9.16', 'SMIME'],
  ['1.2.840.113549.1.9.20', 'friendlyName'],
  ['1.2.840.113549.1.9.21', 'localKeyID'],
  ['1.3.6.1.4.1.311.60.2.1.1', 'jurisdictionL', 'jurisdictionLocalityName'],
  ['1.3.6.1.4.1.311.60.2.1.2', 'jurisdictionST', 'jurisdictionStateOrProvinceName'],
  ['1.3.6.1.4.1.311.60.2.1.3', 'jurisdictionC', 'jurisdictionCountryName'],
  ['1.2.643.3.131.1.1', 'INN'],
  ['1.2.643.100.1', 'OGRN'],
  ['1.2.643.100.3', 'SNILS'],
  ['1.2.643.100.5', 'OGRNIP'],
  ['1.2.643.100.111', 'subjectSignTool'],
  ['1.2.643.100.112', 'issuerSignTool'],
  ['1.2.643.100.113', 'classSignTool'],
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
 * @example
 * ```ts
 * attributeTypeName('2.5.4.3') // 'CN'
 * ```
 */
export function attributeTypeName(type: string): string {
  const id = attributeTypeId(type)
  return nameByOid.get(id) ?? (DOTTED_OID.test(type) ? id : type)
}
