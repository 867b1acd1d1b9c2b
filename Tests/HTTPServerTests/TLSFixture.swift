import Cryptography
import TestSupport

@testable import HTTPServer

/// Servers with TLS, and the certificates for them.
final class TLSFixture {
    let certificates: TestCertificates
    let ticketKeys: TLSTicketKeys

    init() throws {
        certificates = try TestCertificates()
        try certificates.make("server")
        ticketKeys = try TLSTicketKeys(now: 0)
    }

    /// The material of certificates by their names.
    func material(_ names: String..., clients: String? = nil) throws -> TLSMaterial {
        var material = TLSMaterial(
            identities: try names.map {
                TLSMaterial.Identity(
                    chain: try certificates.bytes("\($0).pem"),
                    privateKey: Secret(try certificates.bytes("\($0).key")))
            })
        if let clients {
            material.clientAuthorities = try certificates.bytes("\(clients).pem")
            material.clientCertificates = .required
        }
        return material
    }

    func slot(_ material: TLSMaterial) throws -> TLSSlot {
        TLSSlot(try TLSContext(material, ticketKeys: ticketKeys))
    }

    static func listener(_ slot: TLSSlot) -> HTTPListener {
        var listener = HTTPListener(.tcp(host: "127.0.0.1", port: 0))
        listener.tls = slot
        return listener
    }

    /// A server with one certificate.
    func server(
        _ material: TLSMaterial? = nil, _ limits: HTTPLimits = HTTPLimits(), loops: Int = 1,
        fault: (@Sendable (SystemCall) -> SystemCalls.Fault?)? = nil
    ) throws -> TestServer {
        let slot = try slot(try material ?? self.material("server"))
        return try TestServer(limits, loops: loops, listener: Self.listener(slot), fault: fault)
    }

    /// A client that trusts the authority, with a certificate perhaps.
    func client(_ certificate: String? = nil) -> TLSClient.Options {
        var options = TLSClient.Options()
        options.authority = certificates.path("ca.pem")
        if let certificate {
            options.certificate = certificates.path("\(certificate).pem")
            options.key = certificates.path("\(certificate).key")
        }
        return options
    }

    static func get(_ path: String, closes: Bool = true) -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(closes ? "Connection: close\r\n" : "")\r\n"
    }

    /// One request on a connection of its own; gives the client for what was agreed.
    @discardableResult
    static func ask(
        _ server: TestServer, _ options: TLSClient.Options, _ path: String = "/x"
    ) throws -> (answer: String, client: TLSClient) {
        let client = try TLSClient(port: server.port, options)
        try client.send(get(path))
        return (try client.read(), client)
    }
}
