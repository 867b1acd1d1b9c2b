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

    @Test func `a socket that systemd did not hand over is said by name`() throws {
        let systemd = try ServiceManagerDouble(
            configuration: Self.configuration.replacingOccurrences(
                of: "systemd:webhooks", with: "systemd:other"))
        try systemd.start()
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

/// Reloads while requests come in.
@Suite(.serialized)
struct ReloadTests {
    /// One integration that takes one token and says in its answer which configuration it is of.
    private static func integration(_ version: String) -> String {
        """
        name: versioned
        config:
          webhook:
            signature_verification:
              format: token
              config: { secret: "token-\(version)", compare_with: "{{headers.x-token}}" }
        response:
          accepted: { status_code: 200, body: "of \(version)" }
          rejected: { status_code: 401, body: "of \(version)" }

        """
    }

    @Test func `no request is dropped, or judged by a mixture of two configurations`() throws {
        let server = try ReceiverProcess(integrations: ["v.yaml": Self.integration("a")])
        let file = server.path("integrations.d/v.yaml")
        let wrong = Mutex<[String]>([])
        let seen = Mutex<[String: Int]>([:])
        let isOver = Mutex(false)
        let port = server.port
        let group = DispatchGroup()
        for worker in 0..<3 {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                guard let connection = try? RawConnection(port: port) else { return }
                var number = 0
                while !isOver.withLock({ $0 }) {
                    number += 1
                    let token = (number + worker) % 2 == 0 ? "a" : "b"
                    connection.send(
                        RawConnection.request(
                            "/webhooks/versioned", "{}", ["X-Token: token-\(token)"]))
                    guard let answer = connection.answer() else {
                        return wrong.withLock { $0.append("\(worker)-\(number) dropped") }
                    }
                    // Accepted exactly when the configuration that answers is the token's own.
                    let isSame = answer.body == "of \(token)"
                    if answer.status != (isSame ? 200 : 401) {
                        wrong.withLock { $0.append("\(token) \(answer.status) \(answer.body)") }
                    }
                    seen.withLock { $0["\(answer.status) \(answer.body)", default: 0] += 1 }
                }
            }
        }
        var reloads = 0
        for round in 0..<40 {
            let before = seen.withLock { $0.values.reduce(0, +) }
            while seen.withLock({ $0.values.reduce(0, +) }) < before + 30 { sched_yield() }
            switch round % 4 {
            case 3: try "name: [".write(toFile: file, atomically: true, encoding: .utf8)
            case 1:
                try Self.integration("b").write(toFile: file, atomically: true, encoding: .utf8)
            default:
                try Self.integration("a").write(toFile: file, atomically: true, encoding: .utf8)
            }
            kill(server.process.processIdentifier, SIGHUP)
            reloads += 1
        }
        isOver.withLock { $0 = true }
        group.wait()
        let counts = seen.withLock { $0 }
        #expect(wrong.withLock { $0 } == [], "\(counts)")
        #expect(counts["200 of a"] ?? 0 > 0 && counts["200 of b"] ?? 0 > 0, "\(counts)")
        print("\(reloads) reloads under load: \(counts.values.reduce(0, +)) requests, \(counts)")
    }

    @Test(arguments: [
        ("listen: 127.0.0.1:0", "listen: 127.0.0.1:1", "listen"),
        ("path: queue }", "path: other }", "queues"), ("hmac", "limits: { body_bytes_max: 1 }", ""),
    ])
    func `what a running server cannot change is refused whole`(
        old: String, new: String, key: String
    ) throws {
        let server = try ReceiverProcess()
        let file = server.path("postern.yaml")
        var text = try String(contentsOfFile: file, encoding: .utf8)
        text = key.isEmpty ? text + new + "\n" : text.replacingOccurrences(of: old, with: new)
        text += "log: { level: error }\n"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        // An integration that is right changes nothing either when its configuration is refused.
        try Self.integration("a").write(
            toFile: server.path("integrations.d/v.yaml"), atomically: true, encoding: .utf8)
        kill(server.process.processIdentifier, SIGHUP)
        var metrics = ""
        for _ in 0..<2000 where !metrics.contains("postern_reloads_total{") {
            metrics =
                try RawConnection.post(
                    server.adminPort, "/metrics", "", [], method: "GET")?.body ?? ""
        }
        #expect(metrics.contains("postern_reloads_total{result=\"refused\"} 1"))
        #expect(try RawConnection.post(server.port, "/webhooks/versioned", "{}")?.status == 404)
    }
}
