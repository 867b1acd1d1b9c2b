import Foundation
import TestSupport
import Testing

/// Reloads that change where the server listens.
@Suite(.serialized)
struct ListenReloadTests {
    private static let first = "listen: 127.0.0.1:0\nadmin"
    /// 127.0.0.2, also of this machine: the system chooses the port there.
    private static let otherHost: UInt32 = 0x7F00_0002

    /// The port in a line such as `info listening listen=127.0.0.1:1,127.0.0.2:2`.
    private static func port(_ host: String, in line: String) -> UInt16? {
        guard let place = line.range(of: "\(host):") else { return nil }
        return UInt16(line[place.upperBound...].prefix { $0.isNumber })
    }

    /// Loops close what they no longer have at the beginning of their next round.
    private static func isClosed(_ port: UInt16, host: UInt32 = 0x7F00_0001) -> Bool {
        for _ in 0..<100_000 {
            guard (try? RawConnection(port: port, host: host)) != nil else { return true }
            sched_yield()
        }
        return false
    }

    @Test func `addresses come and go under load, and no request is dropped`() throws {
        let server = try ReceiverProcess()
        let old = try Load(server, name: "old")
        old.wait(for: 20)
        let both = "listen: [\"127.0.0.1:0\", \"127.0.0.2:0\"]\nadmin"
        try server.edit("postern.yaml", Self.first, both)
        #expect(try server.reload())
        let line = try #require(server.logLine("listening listen=", ",127.0.0.2:"))
        #expect(Self.port("127.0.0.1", in: line) == server.port, "it keeps its socket")
        let port = try #require(Self.port("127.0.0.2", in: line))
        let new = try Load(
            server, host: Self.otherHost, port: port, name: "new", reconnects: true)
        new.wait(for: 20)
        for _ in 0..<10 {
            // 127.0.0.2 stays through all of it, at another place of the list; 127.0.0.1 goes and its
            // open connections go on.
            try server.edit("postern.yaml", both, "listen: 127.0.0.2:0\nadmin")
            #expect(try server.reload())
            new.wait(for: 20)
            old.wait(for: 20)
            try server.edit("postern.yaml", "listen: 127.0.0.2:0\nadmin", both)
            #expect(try server.reload())
            new.wait(for: 20)
        }
        #expect(Self.isClosed(server.port))
        let (kept, wrong) = old.stop()
        let (came, alsoWrong) = new.stop()
        #expect(wrong == [] && alsoWrong == [])
        let stored = Set(try server.storedIDs())
        #expect(stored.isSuperset(of: kept + came))
        print("21 changes of listen under load: \(kept.count) + \(came.count) requests, 0 dropped")
    }

    @Test func `an address that cannot be had changes nothing`() throws {
        let (server, other) = (try ReceiverProcess(), try ReceiverProcess())
        let socket = server.path("http.sock")
        let wrong = """
            listen: ["unix:\(socket)", "127.0.0.1:\(other.port)"]
            integrations: ./elsewhere.d
            admin
            """
        try server.edit("postern.yaml", Self.first, wrong)
        try FileManager.default.createDirectory(
            atPath: server.path("elsewhere.d"), withIntermediateDirectories: true)
        #expect(try !server.reload())
        let line = server.logLine("listening on 127.0.0.1:\(other.port): bind: Address already")
        #expect(line?.contains("listen") == true)
        #expect(!FileManager.default.fileExists(atPath: socket))
        #expect(try RawConnection.post(server.port, "/webhooks/hmac", "{}")?.status == 401)
    }

    @Test func `sockets in the file system are made, opened to others, and removed`() throws {
        let server = try ReceiverProcess()
        let path = server.path("http.sock")
        func listen(_ old: String, _ new: String) throws {
            try server.edit("postern.yaml", "listen: \(old)\nadmin", "listen: \(new)\nadmin")
            #expect(try server.reload())
        }
        func mode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        let narrow = "{ address: \"unix:\(path)\", mode: \"0600\" }"
        let wide = "{ address: \"unix:\(path)\", mode: \"0666\" }"
        try listen("127.0.0.1:0", narrow)
        #expect(try mode() == 0o600)
        let client = try TestClient(path: path)
        try listen(narrow, wide)
        #expect(try mode() == 0o666)
        try listen(wide, "127.0.0.1:0")
        #expect(!FileManager.default.fileExists(atPath: path))
        client.send("GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(client.read(until: nil).hasPrefix("HTTP/1.1 404"))
    }

    @Test func `the admin listener can be added, moved and removed`() throws {
        let server = try ReceiverProcess(
            admin: "{ listen: \"unix:/tmp/never-used\" }", startsNow: false)
        let path = server.path("admin.sock")
        try server.edit("postern.yaml", "admin: { listen: \"unix:/tmp/never-used\" }", "")
        try server.start()
        func reload(_ old: String, _ new: String) throws -> String? {
            try server.edit("postern.yaml", old, new)
            kill(server.process.processIdentifier, SIGHUP)
            return server.nextLogLine(" listening admin=")
        }
        let unix = "admin: { listen: { address: \"unix:\(path)\", mode: \"0600\" } }\nqueues"
        #expect(try reload("queues", unix)?.hasSuffix("admin=unix:\(path)") == true)
        let metrics = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let client = try TestClient(path: path)
        client.send(metrics)
        #expect(client.read(until: "postern_build_info").hasPrefix("HTTP/1.1 200"))
        let moved = try #require(try reload(unix, "admin: { listen: 127.0.0.1:0 }\nqueues"))
        let port = try #require(Self.port("127.0.0.1", in: moved))
        #expect(try RawConnection.post(port, "/healthz", "", method: "GET")?.status == 200)
        client.send(metrics)
        #expect(client.read(until: "postern_build_info").hasPrefix("HTTP/1.1 200"))
        #expect(!FileManager.default.fileExists(atPath: path))
        let gone = try reload("admin: { listen: 127.0.0.1:0 }\nqueues", "queues")
        #expect(gone?.hasSuffix("admin=\"\"") == true)
        #expect(Self.isClosed(port))
        #expect(try RawConnection.post(server.port, "/webhooks/hmac", "{}")?.status == 401)
        #expect(server.stop() == 0)
    }
}
