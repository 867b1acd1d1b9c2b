import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// The real program under a double of systemd.
@Suite(.serialized)
struct SystemdTests {
    private static let configuration = """
        listen: systemd:webhooks
        environment_variables: { SECRET: { credential: secret_hmac } }

        """

    @Test func `it says when it is ready, reloading, alive and stopping`() throws {
        let systemd = try ServiceManagerDouble(configuration: Self.configuration)
        try systemd.start(watchdogMicroseconds: 200_000)
        let ready = try #require(systemd.wait(for: "READY=1"))
        #expect(ready.contains("STATUS=receiving"))
        #expect(systemd.wait(for: "WATCHDOG=1") != nil)
        systemd.signal(SIGHUP)
        let reloading = try #require(systemd.wait(for: "RELOADING=1"))
        #expect(reloading.contains("MONOTONIC_USEC="))
        #expect(systemd.wait(for: "READY=1") != nil)
        systemd.signal(SIGTERM)
        #expect(systemd.wait(for: "STOPPING=1") != nil)
        #expect(systemd.waitForExit() == 0)
    }

    @Test func `it says that it is alive also when reloads follow each other`() throws {
        let systemd = try ServiceManagerDouble(configuration: Self.configuration)
        // It asks its loops each half second.
        try systemd.start(watchdogMicroseconds: 2_000_000)
        _ = try #require(systemd.wait(for: "READY=1"))
        var isAlive = false
        for _ in 0..<5000 where !isAlive {
            systemd.signal(SIGHUP)
            while let text = systemd.notification() {
                isAlive = isAlive || text.contains("WATCHDOG=1")
                if text.contains("READY=1") { break }
            }
        }
        #expect(isAlive)
        systemd.signal(SIGTERM)
        #expect(systemd.waitForExit() == 0)
    }

    @Test func `a secret comes from systemd's credentials`() throws {
        let systemd = try ServiceManagerDouble(configuration: Self.configuration)
        try systemd.start()
        _ = try #require(systemd.wait(for: "READY=1"))
        let signature = "X-Signature: sha256=\(try Signatures.hmac("{}"))"
        let answer = try RawConnection.post(
            systemd.port, "/webhooks/hmac", "{}", [signature, "X-Delivery: c-1"])
        #expect(answer?.status == 200)
        systemd.signal(SIGTERM)
        #expect(systemd.waitForExit() == 0)
    }

    @Test(.enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
    func `TLS has its key from systemd's credentials and its socket from systemd`() throws {
        let certificates = try TestCertificates()
        try certificates.make("server")
        let systemd = try ServiceManagerDouble(
            configuration: """
                listen:
                  address: systemd:webhooks
                  tls: { certificate: server.pem, private_key: { credential: secret_tls_key } }
                environment_variables: { SECRET: { credential: secret_hmac } }

                """)
        for (name, place) in [
            ("server.pem", "server.pem"), ("server.key", "credentials/secret_tls_key"),
        ] {
            try Data(certificates.bytes(name)).write(
                to: systemd.folder.appendingPathComponent(place))
        }
        try systemd.start()
        _ = try #require(systemd.wait(for: "READY=1"))
        var options = TLSClient.Options()
        options.authority = certificates.path("ca.pem")
        let client = try TLSClient(port: systemd.port, options)
        try client.send("GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(try client.read().hasPrefix("HTTP/1.1 404"))
        systemd.signal(SIGTERM)
        #expect(systemd.waitForExit() == 0)
    }

    @Test func `a socket that systemd did not hand over is said by name`() throws {
        let systemd = try ServiceManagerDouble(
            configuration: Self.configuration.replacingOccurrences(
                of: "systemd:webhooks", with: "systemd:other"))
        try systemd.start()
        #expect(systemd.waitForExit() == 69)
    }

    /// The status that the socket of a port answers to a delivery with.
    private static func status(_ port: UInt16, _ id: String) throws -> Int? {
        let signature = "X-Signature: sha256=\(try Signatures.hmac("{}"))"
        return try RawConnection.post(
            port, "/webhooks/hmac", "{}", [signature, "X-Delivery: \(id)"])?.status
    }

    /// sd_listen_fds(3): a socket has the name that stands at its place, and `unknown` where none is said.
    @Test(
        arguments: [
            ("systemd:webhooks", "webhooks:webhooks"), ("systemd:unknown", nil),
            ("[systemd:one, systemd:two]", "one:two"), ("[systemd:one, systemd:unknown]", "one"),
        ] as [(String, String?)])
    func `two sockets come, by the names that they have`(listen: String, names: String?) throws {
        let systemd = try ServiceManagerDouble(
            configuration: Self.configuration.replacingOccurrences(
                of: "systemd:webhooks", with: listen))
        try systemd.start(sockets: 2, names: names)
        _ = try #require(systemd.wait(for: "READY=1"))
        #expect(try Self.status(systemd.port, "s-1") == 200)
        #expect(try Self.status(systemd.secondPort, "s-2") == 200)
        systemd.signal(SIGTERM)
        #expect(systemd.waitForExit() == 0)
    }

    @Test func `a socket without a name has not the one that is wanted`() throws {
        let systemd = try ServiceManagerDouble(configuration: Self.configuration)
        try systemd.start(sockets: 2, names: nil)
        #expect(systemd.waitForExit() == 69)
    }

    /// What a parent was given is not its child's.
    @Test(arguments: ["1", "", "$PPID"])
    func `sockets that are for another process are not taken`(process: String) throws {
        let systemd = try ServiceManagerDouble(configuration: Self.configuration)
        try systemd.start(process: process)
        #expect(systemd.waitForExit() == 69)
    }

    @Test func `restarts under load drop no connection`() throws {
        let systemd = try ServiceManagerDouble(configuration: Self.configuration)
        try systemd.start()
        _ = try #require(systemd.wait(for: "READY=1"))
        let failures = Mutex<[String]>([])
        let answered = Mutex(0)
        let isOver = Mutex(false)
        let (port, body) = (systemd.port, #"{"a":1}"#)
        let signature = "X-Signature: sha256=\(try Signatures.hmac(body))"
        let group = DispatchGroup()
        for worker in 0..<3 {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                var number = 0
                while !isOver.withLock({ $0 }) {
                    number += 1
                    let fields = [
                        signature, "X-Delivery: \(worker)-\(number)", "Connection: close",
                    ]
                    let answer = try? RawConnection.post(port, "/webhooks/hmac", body, fields)
                    if answer?.status == 200 {
                        answered.withLock { $0 += 1 }
                    } else {
                        failures.withLock {
                            $0.append("\(worker)-\(number): \(answer?.status ?? 0)")
                        }
                    }
                }
            }
        }
        for _ in 0..<5 {
            let before = answered.withLock { $0 }
            while answered.withLock({ $0 }) < before + 30 { sched_yield() }
            systemd.signal(SIGTERM)
            #expect(systemd.waitForExit() == 0)
            try systemd.start()
            #expect(systemd.wait(for: "READY=1") != nil)
        }
        isOver.withLock { $0 = true }
        group.wait()
        let (count, wrong) = (answered.withLock { $0 }, failures.withLock { $0 })
        #expect(wrong == [], "\(count) answered")
        print("5 restarts under load: \(count) connections answered 200, \(wrong.count) not")
        systemd.signal(SIGTERM)
        #expect(systemd.waitForExit() == 0)
    }
}
