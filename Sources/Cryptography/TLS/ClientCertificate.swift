/// The certificate of a TLS client, after its chain was checked.
package final class ClientCertificate: Sendable, Equatable {
    /// RFC 4514: `CN=client,O=Example`.
    package let subject: String
    /// RFC 4514.
    package let issuer: String
    /// Lower-case hexadecimal without leading zeros.
    package let serialNumber: String
    /// SHA-256 of its DER form, lower-case hexadecimal.
    package let fingerprintSHA256: String
    /// Alternative names with their kinds: `dns:…`, `email:…`, `uri:…`, `ip:…`.
    package let names: [String]

    package init(
        subject: String, issuer: String, serialNumber: String, fingerprintSHA256: String,
        names: [String]
    ) {
        self.subject = subject
        self.issuer = issuer
        self.serialNumber = serialNumber
        self.fingerprintSHA256 = fingerprintSHA256
        self.names = names
    }

    convenience init(_ certificate: X509Certificate) {
        self.init(
            subject: certificate.subject, issuer: certificate.issuer,
            serialNumber: certificate.serialNumber,
            fingerprintSHA256: certificate.fingerprintSHA256, names: certificate.names)
    }

    package static func == (left: ClientCertificate, right: ClientCertificate) -> Bool {
        left.fingerprintSHA256 == right.fingerprintSHA256 && left.subject == right.subject
            && left.issuer == right.issuer && left.serialNumber == right.serialNumber
            && left.names == right.names
    }
}
