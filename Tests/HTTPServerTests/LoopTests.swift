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

    /// Where and in which order tasks were done.
    private final class Notes: Sendable {
        let done = Mutex<[(task: Int, loop: Int, thread: pthread_t)]>([])
    }

    /// A task that notes that it was done.
    private final class Note: LoopTask {
        let exchange: HTTPExchange
        let notes: Notes
        let number: Int
        init(_ exchange: HTTPExchange, _ number: Int, in notes: Notes) {
            (self.exchange, self.number, self.notes) = (exchange, number, notes)
        }

        func perform() {
            notes.done.withLock { $0.append((number, exchange.loopIndex, pthread_self())) }
        }
    }

    @Test func `a task for a loop that has ended is done by who has it`() throws {
        let server = try TestServer()
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/"))
        server.handler.waitForRequests(1)
        let exchange = try #require(server.handler.exchanges.first)
        let mailbox = try LoopMailbox()
        let notes = Notes()
        let waiting = Note(exchange, 0, in: notes)
        #expect(mailbox.post([waiting]).isEmpty)
        #expect(!mailbox.closeIfEmpty())
        #expect(mailbox.close().tasks.first === waiting)
        #expect(mailbox.post([waiting]).first === waiting)
        server.stop()
        HTTPExchange.perform([Note(exchange, 1, in: notes)])
        let done = notes.done.withLock { $0 }
        #expect(done.map(\.task) == [1])
        #expect(done.allSatisfy { pthread_equal($0.thread, pthread_self()) != 0 })
    }

    /// What a loop's thread does while it sends: another thread hands it a task.
    private final class Sending: Sendable {
        let tasks = Mutex<[any LoopTask]>([])

        func handOver() {
            let tasks = self.tasks.withLock { tasks in
                defer { tasks = [] }
                return tasks
            }
            if tasks.isEmpty { return }
            let handed = DispatchSemaphore(value: 0)
            Thread {
                HTTPExchange.perform(tasks)
                handed.signal()
            }.start()
            handed.wait()
        }
    }

    @Test func `what comes while a loop sends its last answer it still does`() throws {
        let gate = Gate()
        let sending = Sending()
        let server = try TestServer(fault: { call in
            if call == .wait { gate.pass() }
            if call == .send { sending.handOver() }
            return nil
        })
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/last"))
        server.handler.waitForRequests(1)
        let exchange = try #require(server.handler.exchanges.first)
        let notes = Notes()
        sending.tasks.withLock { $0 = [Note(exchange, 0, in: notes)] }
        // Its next round brings both: the answer, and the end.
        gate.close()
        _ = server.server.heartbeats()
        gate.waitForLoop()
        server.handler.release()
        server.server.stop()
        gate.release()
        server.server.join()
        #expect(client.read(until: nil).hasSuffix("/last"))
        let done = notes.done.withLock { $0 }
        #expect(done.map(\.task) == [0])
        #expect(done.allSatisfy { pthread_equal($0.thread, pthread_self()) == 0 })
    }

    @Test func `tasks of several loops are done each on its own, in order`() throws {
        let server = try TestServer(loops: 2)
        server.handler.holds = true
        let clients = try (0..<8).map { _ in try TestClient(port: server.port) }
        for client in clients { client.send(Self.get("/")) }
        server.handler.waitForRequests(8)
        let notes = Notes()
        let exchanges = server.handler.exchanges
        HTTPExchange.perform(exchanges.enumerated().map { Note($1, $0, in: notes) })
        // Answered after the tasks, by the same mailboxes.
        server.handler.release()
        for client in clients { #expect(client.read(until: "\r\n\r\n/").hasSuffix("/")) }
        server.stop()
        let done = notes.done.withLock { $0 }
        for loop in 0...1 {
            let own = done.filter { $0.loop == loop }
            #expect(!own.isEmpty)
            #expect(own.map(\.task) == exchanges.indices.filter { exchanges[$0].loopIndex == loop })
            #expect(Set(own.map(\.thread)).count == 1)
        }
        #expect(Set(done.map(\.thread)).count == 2)
    }

    /// Holds one loop before it asks what is ready.
    private final class Gate: Sendable {
        private let isClosed = Atomic(false)
        private let opened = DispatchSemaphore(value: 0)
        private let reached = DispatchSemaphore(value: 0)

        func close() { isClosed.store(true, ordering: .sequentiallyConsistent) }
        func release() {
            isClosed.store(false, ordering: .sequentiallyConsistent)
            opened.signal()
        }
        func pass() {
            guard isClosed.load(ordering: .sequentiallyConsistent) else { return }
            reached.signal()
            opened.wait()
        }
        /// Returns when the loop stands before it.
        func waitForLoop() { reached.wait() }
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
