import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// How loops share connections and processors, and how they divide long rounds.
struct LoopTests {
    private static func get(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
    }

    @Test func `open connections are spread evenly, and each is served where it is`() throws {
        let server = try TestServer(loops: 3)
        let clients = try (0..<60).map { _ in try TestClient(port: server.port) }
        server.waitForConnections(60)
        let counts = server.server.connectionCounts
        #expect(counts.reduce(0, +) == 60)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 3, "\(counts)")
        for (index, client) in clients.enumerated() {
            client.send(Self.get("/\(index)."))
            #expect(client.read(until: "/\(index).").hasPrefix("HTTP/1.1 200 "))
        }
        server.stop()
    }

    @Test func `a loop that has ended takes over nothing, one that ends takes what waits`() throws {
        let mailbox = try LoopMailbox()
        let listener = HTTPListener(.tcp(host: "127.0.0.1", port: 0))
        let socket = AcceptedSocket(fd: -1, address: "a", settings: listener)
        #expect(mailbox.post(socket))
        #expect(!mailbox.closeIfEmpty())
        #expect(mailbox.post(socket))
        #expect(mailbox.close().accepted.count == 2)
        #expect(!mailbox.post(socket))
        let other = try LoopMailbox()
        #expect(other.closeIfEmpty())
        #expect(!other.post(socket))
    }

    /// A task that notes where it was done.
    private final class Note: LoopTask {
        let exchange: HTTPExchange
        let thread = Mutex<pthread_t?>(nil)
        init(_ exchange: HTTPExchange) { self.exchange = exchange }

        func perform() { thread.withLock { $0 = pthread_self() } }
    }

    @Test
    func `a task for a loop that has ended is done by who has it, one that waits by the loop`()
        throws
    {
        let server = try TestServer()
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/"))
        server.handler.waitForRequests(1)
        let exchange = try #require(server.handler.exchanges.first)
        let mailbox = try LoopMailbox()
        let waiting = Note(exchange)
        #expect(mailbox.post([waiting]).isEmpty)
        #expect(!mailbox.closeIfEmpty())
        #expect(mailbox.close().tasks.first === waiting)
        #expect(mailbox.post([waiting]).first === waiting)
        server.stop()
        let late = Note(exchange)
        HTTPExchange.perform([late])
        let thread = try #require(late.thread.withLock { $0 })
        #expect(pthread_equal(thread, pthread_self()) != 0)
    }

    @Test func `tasks of several loops are done each on its own, in order`() throws {
        let server = try TestServer(loops: 2)
        server.handler.holds = true
        let clients = try (0..<8).map { _ in try TestClient(port: server.port) }
        for client in clients { client.send(Self.get("/")) }
        server.handler.waitForRequests(8)
        let tasks = server.handler.exchanges.map { Note($0) }
        HTTPExchange.perform(tasks)
        // Answered after the tasks, by the same mailboxes.
        server.handler.release()
        for client in clients { #expect(client.read(until: "\r\n\r\n/").hasSuffix("/")) }
        server.stop()
        var threads: [Int: Set<pthread_t>] = [:]
        for task in tasks {
            let thread = try #require(task.thread.withLock { $0 })
            threads[task.exchange.loopIndex, default: []].insert(thread)
        }
        #expect(threads.count == 2 && threads.values.allSatisfy { $0.count == 1 })
        #expect(threads[0] != threads[1])
    }

    /// Holds one loop before it asks what is ready.
    private final class Gate: Sendable {
        private let isClosed = Atomic(false)
        private let opened = DispatchSemaphore(value: 0)

        func close() { isClosed.store(true, ordering: .sequentiallyConsistent) }
        func release() {
            isClosed.store(false, ordering: .sequentiallyConsistent)
            opened.signal()
        }
        func pass() { if isClosed.load(ordering: .sequentiallyConsistent) { opened.wait() } }
    }

    @Test(arguments: [(16, 2), (17, 3)])
    func `a long round hands over what it has every sixteen sockets`(
        ready: Int, rounds: Int
    ) throws {
        let gate = Gate()
        let server = try TestServer(fault: { call in
            if call == .wait { gate.pass() }
            return nil
        })
        let clients = try (0...ready).map { _ in try TestClient(port: server.port) }
        server.waitForConnections(clients.count)
        gate.close()
        // Wakes the loop, which then stands at the gate.
        clients[0].send(Self.get("/first"))
        _ = clients[0].read(until: "/first")
        for client in clients.dropFirst() { client.send(Self.get("/more")) }
        gate.release()
        for client in clients.dropFirst() { _ = client.read(until: "/more") }
        #expect(server.handler.rounds == rounds)
        #expect(server.handler.largestRound == 16)
        server.stop()
    }

    @Test func `a loop stays on the processor that it is given`() throws {
        let allowed = Processors.allowed
        #expect(!allowed.isEmpty && allowed == allowed.sorted())
        let last = try #require(allowed.last)
        for processors in [[last], []] {
            let server = try TestServer(processors: processors)
            let client = try TestClient(port: server.port)
            client.send(Self.get("/a"))
            #expect(client.read(until: "/a").hasPrefix("HTTP/1.1 200 "))
            server.stop()
            #expect(server.handler.processors == [processors.isEmpty ? allowed : processors])
        }
    }

    @Test func `a processor that is not there is refused and changes nothing`() throws {
        let absent = (Processors.allowed.last ?? 0) + 1000
        try LoopThread.run {
            let before = Processors.allowed
            #expect(!Processors.stay(on: absent))
            #expect(Processors.allowed == before)
        }
    }
}
