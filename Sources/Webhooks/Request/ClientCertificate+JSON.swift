package import Cryptography
package import JSON

extension JSONValue {
    /// A certificate as expressions and captured requests have it.
    package init(_ certificate: ClientCertificate) {
        self = [
            "subject": .string(certificate.subject), "issuer": .string(certificate.issuer),
            "serial_number": .string(certificate.serialNumber),
            "fingerprint_sha256": .string(certificate.fingerprintSHA256),
            "names": .array(certificate.names.map(JSONValue.string)),
        ]
    }
}

extension ClientCertificate {
    /// From a captured request; nil when it is no object. What is missing is empty.
    package convenience init?(_ value: JSONValue) {
        guard value.kind == .object else { return nil }
        self.init(
            subject: value["subject"]?.stringValue ?? "",
            issuer: value["issuer"]?.stringValue ?? "",
            serialNumber: value["serial_number"]?.stringValue ?? "",
            fingerprintSHA256: value["fingerprint_sha256"]?.stringValue ?? "",
            names: (value["names"]?.arrayValue ?? []).compactMap(\.stringValue))
    }
}
