import Foundation
import Synchronization
import TestSupport

/// Signed requests on a few connections, until it is stopped.
final class Load: Sendable {
    private let acknowledged = Mutex<[String]>([])
    private let wrong = Mutex<[String]>([])
    private let isOver = Mutex(false)
    private let group = DispatchGroup()

    /// - Parameters:
    ///   - port: another one than the server's first.
    ///   - name: tells the events of two loads apart.
    ///   - reconnects: with a connection for each request.
    init(
        _ server: ReceiverProcess, connections: Int = 3, host: UInt32 = 0x7F00_0001,
        port: UInt16? = nil, name: String = "", reconnects: Bool = false
    ) throws {
        let (port, body) = (port ?? server.port, #"{"a":1}"#)
        let signature = "X-Signature: sha256=\(try Signatures.hmac(body))"
        for worker in 0..<connections {
            group.enter()
            Thread.detachNewThread { [self] in
                defer { group.leave() }
                var number = 0
                var connection: RawConnection?
                while !isOver.withLock({ $0 }) {
                    number += 1
                    let id = "\(name)\(worker)-\(number)"
                    if reconnects { connection = nil }
                    connection = connection ?? (try? RawConnection(port: port, host: host))
                    guard let connection else {
                        return wrong.withLock { $0.append("\(id) no connection") }
                    }
                    connection.send(
                        RawConnection.request(
                            "/webhooks/hmac", body, [signature, "X-Delivery: \(id)"]))
                    guard let answer = connection.answer() else {
                        return wrong.withLock { $0.append("\(id) dropped") }
                    }
                    if answer.status == 200 {
                        acknowledged.withLock { $0.append(id) }
                    } else {
                        wrong.withLock { $0.append("\(id) \(answer.status)") }
                    }
                }
            }
        }
    }

    /// Returns when so many more requests have been answered.
    func wait(for count: Int) {
        let before = acknowledged.withLock { $0.count }
        while acknowledged.withLock({ $0.count }) < before + count,
            wrong.withLock({ $0.isEmpty })
        { sched_yield() }
    }

    func stop() -> (acknowledged: [String], wrong: [String]) {
        isOver.withLock { $0 = true }
        group.wait()
        return (acknowledged.withLock { $0 }, wrong.withLock { $0 })
    }
}
