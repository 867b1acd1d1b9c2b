/// An address that is listened on: one socket a loop.
struct ListeningPlace: Sendable {
    var settings: HTTPListener
    /// With the port the system chose.
    let bound: ListenAddress
    private let descriptors: [Int32]

    /// Opens one socket of the address a loop: of their own for TCP, where the system spreads
    /// connections over them, and of one open file otherwise.
    ///
    /// - Parameter others: what the same server listens on: ports that it shares with itself.
    /// - Throws: with the address in front of the call's name.
    static func open(
        _ listener: HTTPListener, loops: Int, beside others: [ListeningPlace]
    ) throws(SystemError) -> ListeningPlace {
        var target = listener.address
        var descriptors: [Int32] = []
        do throws(SystemError) {
            for index in 0..<loops {
                switch target {
                case .tcp(let host, let port):
                    let isOwn = others.contains { $0.hasPort(port) }
                    descriptors.append(
                        try Listener.open(
                            target, listener.access, mustBeFree: index == 0 && !isOwn))
                    if port == 0, let bound = Listener.boundAddress(descriptors[0]),
                        case .tcp(_, let port) = bound
                    {
                        target = .tcp(host: host, port: port)
                    }
                case .unix, .inherited, .activated:
                    descriptors.append(
                        index > 0
                            ? try SystemCalls.duplicate(descriptors[0])
                            : try Listener.open(target, listener.access, mustBeFree: true))
                }
            }
        } catch {
            for descriptor in descriptors { SystemCalls.close(descriptor) }
            throw SystemError("\(listener.address): \(error.call)", error.code)
        }
        if case .inherited = target, let first = descriptors.first {
            target = Listener.boundAddress(first) ?? target
        }
        return ListeningPlace(settings: listener, bound: target, descriptors: descriptors)
    }

    private func hasPort(_ port: UInt16) -> Bool {
        if case .tcp(_, port) = bound { true } else { false }
    }

    func listener(of loop: Int) -> LoopListener {
        LoopListener(fd: descriptors[loop], settings: settings)
    }

    /// Closes what no loop has.
    func close() {
        for descriptor in descriptors { SystemCalls.close(descriptor) }
        removePath()
    }

    func removePath() {
        if case .unix(let path) = settings.address { Listener.remove(path) }
    }
}

/// Listeners that are open and not yet accepted from: used or discarded as a whole.
package struct PreparedListeners: Sendable {
    var places: [ListeningPlace] = []
    private let opened: [ListeningPlace]
    let removed: [ListeningPlace]
    /// Paths that have other permissions now, and the ones before.
    private var changed: [(path: String, access: SocketAccess)] = []

    init(opened: [ListeningPlace], removed: [ListeningPlace]) {
        self.opened = opened
        self.removed = removed
    }

    /// Where the server will listen.
    package var boundAddresses: [ListenAddress] { places.map(\.bound) }

    /// Adds an open place with other settings.
    mutating func keep(
        _ place: ListeningPlace, as listener: HTTPListener
    ) throws(SystemError) {
        if case .unix(let path) = listener.address, listener.access != place.settings.access {
            do throws(SystemError) { try Listener.change(path, to: listener.access) } catch {
                throw SystemError("\(listener.address): \(error.call)", error.code)
            }
            changed.append((path, place.settings.access))
        }
        var place = place
        place.settings = listener
        places.append(place)
    }

    /// Closes what was opened: nothing has changed.
    package func discard() {
        for place in opened { place.close() }
        for (path, access) in changed { try? Listener.change(path, to: access) }
    }
}
