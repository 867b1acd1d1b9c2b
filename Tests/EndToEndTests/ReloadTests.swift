import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

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

    /// Whoever holds a body back must not keep a secret or an integration that was taken away.
    @Test
    func
        `a request whose head came before a reload is judged by what is in force when it is whole`()
        throws
    {
        let server = try ReceiverProcess(integrations: ["v.yaml": Self.integration("a")])
        let file = server.path("integrations.d/v.yaml")
        let slow = try (0..<2).map { _ in try RawConnection(port: server.port) }
        let request = RawConnection.request("/webhooks/versioned", "{}", ["X-Token: token-a"])
        for connection in slow { connection.send(String(request.dropLast(2))) }
        let probe = try RawConnection(port: server.port)
        func reload(until isDone: (Int) -> Bool) {
            kill(server.process.processIdentifier, SIGHUP)
            var status = 0
            repeat {
                probe.send(request)
                status = probe.answer()?.status ?? 0
            } while !isDone(status)
        }
        try Self.integration("b").write(toFile: file, atomically: true, encoding: .utf8)
        reload { $0 == 401 }
        slow[0].send("{}")
        let rotated = slow[0].answer()
        #expect(rotated?.status == 401 && rotated?.body == "of b")
        try FileManager.default.removeItem(atPath: file)
        reload { $0 == 404 }
        slow[1].send("{}")
        #expect(slow[1].answer()?.status == 404)
    }

    /// Nor what a list of addresses or a limit has taken away since; what the head has paid is not asked
    /// for again.
    @Test func `a request whose head came before a reload needs admission by what is in force`()
        throws
    {
        func integration(_ members: String) -> String {
            """
            name: guarded
            config: { webhook: { signature_verification: none } }
            event_id: "{{headers.x-delivery}}"
            \(members)
            """
        }
        let rate = "requests_per_second: 0.001, requests_burst: 4"
        let here = "allowed_addresses: [127.0.0.1]"
        let server = try ReceiverProcess(
            integrations: ["g.yaml": integration("\(here)\nlimits: { \(rate) }")])
        let file = server.path("integrations.d/g.yaml")
        func change(_ members: String) throws {
            try integration(members).write(toFile: file, atomically: true, encoding: .utf8)
            #expect(try server.reload())
        }
        /// All of a request but for the last byte of its body, once the server has read its head.
        func begin(_ id: String, _ body: String) throws -> RawConnection {
            let connection = try RawConnection(port: server.port)
            connection.send(
                "POST /webhooks/guarded HTTP/1.1\r\nHost: a\r\nX-Delivery: \(id)\r\n"
                    + "Content-Length: \(body.utf8.count)\r\nExpect: 100-continue\r\n\r\n")
            #expect(connection.answer()?.status == 100)
            connection.send(String(body.dropLast()))
            return connection
        }
        func end(_ connection: RawConnection, _ body: String) -> Int? {
            connection.send(String(body.suffix(1)))
            return connection.answer()?.status
        }
        let (four, five) = ("1234", "12345")
        let excluded = try begin("excluded", four)
        let large = try begin("large", five)
        let small = try begin("small", four)
        func post() throws -> Int? {
            try RawConnection.post(
                server.port, "/webhooks/guarded", "{}", ["X-Delivery: whole"])?.status
        }
        // The three heads, and this one.
        #expect(try post() == 200)
        #expect(try post() == 429)
        try change("allowed_addresses: [192.0.2.0/24]\nlimits: { \(rate) }")
        #expect(end(excluded, four) == 403)
        try change("\(here)\nlimits: { \(rate), body_bytes_max: 4 }")
        #expect(end(large, five) == 413)
        #expect(end(small, four) == 200)
        #expect(try Set(server.storedIDs()) == ["whole", "small"])
        let metrics = try RawConnection.post(server.adminPort, "/metrics", "", method: "GET")
        let text = try #require(metrics?.body)
        #expect(text.contains(#"outcome="refused",reason="address_not_allowed"} 1"#), "\(text)")
        #expect(text.contains(#"postern_limits_hit_total{limit="body_bytes_max"} 1"#))
        #expect(server.stop() == 0)
    }

    @Test(arguments: [
        ("admin:", "data_directory: ./elsewhere\nadmin:"),
        ("admin:", "limits: { threads: 1 }\nadmin:"),
        ("admin:", "limits: { pin_threads: false }\nadmin:"),
        ("name: main,", "name: other,"),
        ("queues: [", "queues: [ { name: lost, type: file, path: no/such/folder },"),
    ])
    func `what a running server cannot change is refused whole`(old: String, new: String) throws {
        let server = try ReceiverProcess()
        try server.edit("postern.yaml", old, new)
        // An integration that is right changes nothing either when its configuration is refused.
        try Self.integration("a").write(
            toFile: server.path("integrations.d/v.yaml"), atomically: true, encoding: .utf8)
        #expect(try !server.reload())
        #expect(try RawConnection.post(server.port, "/webhooks/versioned", "{}")?.status == 404)
        try server.edit("postern.yaml", new, old)
        #expect(try server.reload())
        #expect(try RawConnection.post(server.port, "/webhooks/versioned", "{}")?.status == 401)
    }

    private static func signed(_ body: String, _ id: String) throws -> [String] {
        ["X-Signature: sha256=\(try Signatures.hmac(body))", "X-Delivery: \(id)"]
    }

    @Test func `limits of the listener hold for open connections from their next request on`()
        throws
    {
        let server = try ReceiverProcess(extra: "limits: { body_bytes_max: 100B }")
        let connection = try RawConnection(port: server.port)
        func send(_ length: Int, _ id: String) throws -> Int? {
            let body = "\"" + String(repeating: "a", count: length - 2) + "\""
            connection.send(
                RawConnection.request("/webhooks/hmac", body, try Self.signed(body, id)))
            return connection.answer()?.status
        }
        #expect(try send(100, "1") == 200)
        try server.edit("postern.yaml", "100B", "200B")
        #expect(try server.reload())
        #expect(try send(101, "2") == 200)
        #expect(try send(200, "3") == 200)
        #expect(try send(201, "4") == 413)
    }

    @Test func `limits of commits, contexts and fan-out take effect`() throws {
        let fan = """
            name: fan
            fan_out: "[1, 2]"
            config:
              webhook:
                handle_verification: >-
                  body.key ? {"type": "meta", "update_context": {"key": body.key}}
                signature_verification: none
            """
        let server = try ReceiverProcess(
            extra: "limits: { events_in_flight_max: 1, context_bytes_max: 64B }",
            integrations: ["fan.yaml": fan])
        let long = #"{"key":"\#(String(repeating: "k", count: 100))"}"#
        func post(_ body: String) throws -> Int? {
            try RawConnection.post(server.port, "/webhooks/fan", body)?.status
        }
        #expect(try post("{}") == 503)
        #expect(try post(long) == 500)
        try server.edit(
            "postern.yaml", "events_in_flight_max: 1, context_bytes_max: 64B",
            "events_in_flight_max: 2, context_bytes_max: 200B")
        #expect(try server.reload())
        #expect(try post("{}") == 200)
        #expect(try post(long) == 200)
    }

    @Test func `queues come and go under load, and no answer of 200 is lost`() throws {
        let server = try ReceiverProcess()
        let load = try Load(server)
        let main = "{ name: main, type: sqlite, path: queue }"
        let log = "{ name: log, type: file, path: events }"
        var current = main
        var changes = 0
        for next in ["\(main), \(log)", log, "\(log), \(main)", main, log, "\(main), \(log)"] {
            load.wait(for: 30)
            try server.edit("postern.yaml", current, next)
            current = next
            // Refused while requests still use the queue that a former reload removed.
            try server.reloadUntilDone()
            changes += 1
        }
        load.wait(for: 30)
        let (acknowledged, wrong) = load.stop()
        #expect(wrong == [])
        let stored = Set(try server.storedIDs("main") + server.storedIDs("log"))
        #expect(acknowledged.filter { !stored.contains($0) } == [])
        let reloads = try server.reloads()
        #expect(reloads.done >= changes)
        print(
            "\(changes) changes of queues under load: \(acknowledged.count) answered 200, "
                + "\(wrong.count) not; \(reloads.refused) reloads asked for again")
    }

    @Test func `a removed queue is closed, and taken again as it was left`() throws {
        let server = try ReceiverProcess(queue: "file")
        let body = "{}"
        let post = { (id: String) in
            try RawConnection.post(server.port, "/webhooks/hmac", body, try Self.signed(body, id))?
                .status
        }
        #expect(try post("1") == 200)
        let old = "{ name: main, type: file, path: queue }"
        let new = "{ name: other, type: sqlite, path: other.db }"
        try server.edit("postern.yaml", old, new)
        #expect(try server.reload())
        #expect(try post("2") == 200)
        #expect(try server.storedIDs("other") == ["2"])
        try server.edit("postern.yaml", new, old)
        try server.reloadUntilDone()
        #expect(try post("3") == 200)
        #expect(try server.storedIDs("main") == ["1", "3"])
        // Who was answered before the change is a duplicate after it.
        #expect(try post("1") == 200)
        #expect(try server.storedIDs("main") == ["1", "3"])
    }
}
