import Foundation
import TestSupport
import Testing

@testable import Cryptography

/// What a listener's certificates and keys are checked for, with files of the `openssl` command.
@Suite(.enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
struct TLSContextTests {
    private let certificates: TestCertificates
    private let keys: TLSTicketKeys

    init() throws {
        certificates = try TestCertificates()
        try certificates.make("one")
        keys = try TLSTicketKeys(now: 0)
    }

    private func identity(
        _ certificate: String, _ key: String? = nil
    ) throws -> TLSMaterial.Identity {
        TLSMaterial.Identity(
            chain: try certificates.bytes("\(certificate).pem"),
            privateKey: Secret(try certificates.bytes("\(key ?? certificate).key")))
    }

    /// The part that is wrong; nil when nothing is.
    private func wrongPart(_ material: TLSMaterial) -> TLSMaterialError.Part? {
        do throws(TLSMaterialError) {
            _ = try TLSContext(material, ticketKeys: keys)
            return nil
        } catch {
            #expect(!error.description.isEmpty && !error.description.contains("PRIVATE KEY"))
            return error.part
        }
    }

    @Test func `a certificate with its key is taken, and its time is known`() throws {
        try certificates.makeExpired("late")
        let context = try TLSContext(
            TLSMaterial(identities: [try identity("one"), try identity("late")]), ticketKeys: keys)
        #expect(context.certificates.map(\.subject) == ["CN=one,O=Tests", "CN=late"])
        let now = Int64(Date().timeIntervalSince1970)
        let first = context.certificates[0]
        #expect(first.notAfter - first.notBefore == 2 * 86_400)
        #expect(first.notBefore <= now && now < first.notAfter)
        #expect(context.certificates[1].notAfter < now)
    }

    @Test(arguments: ["rsa:2048", "ed25519"])
    func `keys of other kinds are taken`(algorithm: String) throws {
        try certificates.make("other", algorithm: algorithm)
        #expect(try wrongPart(TLSMaterial(identities: [identity("other")])) == nil)
    }

    @Test func `each part that is wrong is named`() throws {
        try certificates.make("two")
        try certificates.make("weak", algorithm: "rsa:1024")
        try certificates.tool.run([
            "pkcs8", "-topk8", "-in", "one.key", "-out", "locked.key", "-passout", "pass:secret",
        ])
        let good = try identity("one")
        func with(_ change: (inout TLSMaterial.Identity) -> Void) -> TLSMaterial {
            var wrong = good
            change(&wrong)
            return TLSMaterial(identities: [good, wrong])
        }
        var cut = good.chain
        cut.removeSubrange((cut.count / 2)..<(cut.count / 2 + 8))
        let locked = Secret(try certificates.bytes("locked.key"))
        let cases: [(TLSMaterial, TLSMaterialError.Part)] = [
            (with { $0.chain = [] }, .certificate(1)),
            (with { $0.chain = Array("no certificate".utf8) }, .certificate(1)),
            (with { $0.chain = cut }, .certificate(1)),
            (with { $0.chain += cut }, .certificate(1)),
            (with { $0.privateKey = Secret("") }, .privateKey(1)),
            (with { $0.privateKey = locked }, .privateKey(1)),
            (with { $0.privateKey = Secret($0.chain) }, .privateKey(1)),
            (TLSMaterial(identities: [good, try identity("one", "two")]), .privateKey(1)),
            (TLSMaterial(identities: [try identity("weak")]), .certificate(0)),
            (TLSMaterial(identities: []), .settings),
        ]
        for (number, one) in cases.enumerated() {
            #expect(wrongPart(one.0) == one.1, "case \(number)")
        }
    }

    @Test func `authorities of clients must be there`() throws {
        var material = TLSMaterial(identities: [try identity("one")])
        material.clientCertificates = .optional
        for authorities in [nil, [], Array("none".utf8)] as [[UInt8]?] {
            material.clientAuthorities = authorities
            #expect(wrongPart(material) == .clientAuthorities)
        }
        material.clientAuthorities = try certificates.bytes("ca.pem")
        #expect(wrongPart(material) == nil)
    }

    @Test func `names that are not plain text are left out`() throws {
        try certificates.make(
            "names",
            names: "DNS:a.example,IP:192.0.2.1,IP:2001:db8::1,email:a@b.example,URI:x:y,"
                + "otherName:1.2.3.4;UTF8:hidden,DNS:b c.example")
        let all = try #require(X509Certificate.all(pem: try certificates.bytes("names.pem")))
        #expect(
            all[0].names == [
                "dns:a.example", "ip:192.0.2.1", "ip:2001:db8:0:0:0:0:0:1", "email:a@b.example",
                "uri:x:y",
            ])
    }

    @Test func `a ticket's key is replaced at its time and taken for another period`() throws {
        let period = TLSTicketKeys.periodSeconds
        let keys = try TLSTicketKeys(now: 100)
        let first = keys.current.name
        keys.rotate(now: 99 + period)
        #expect(keys.current.name == first)
        keys.rotate(now: 100 + period)
        let second = keys.current.name
        #expect(second != first)
        #expect(keys.find(first)?.isOld == true && keys.find(second)?.isOld == false)
        #expect(keys.find([UInt8](repeating: 0, count: 16)) == nil)
        keys.rotate(now: 100 + 2 * period)
        #expect(keys.find(first) == nil && keys.find(second)?.isOld == true)
        // After two periods without a call no old key is left.
        let third = keys.current.name
        keys.rotate(now: 100 + 4 * period)
        #expect(keys.find(second) == nil && keys.find(third) == nil)
    }
}
