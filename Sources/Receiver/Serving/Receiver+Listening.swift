import HTTPServer
import Synchronization

/// What a reload opens before it changes anything.
struct PreparedListening {
    /// Nil where nothing but what is within TLS changes.
    var webhooks: PreparedListeners?
    var admin = Admin.same
    /// TLS of all listeners; nil where each stays at its place.
    var slots: [String: TLSSlot]?

    enum Admin {
        case same
        case moved(AdminListener.Running, PreparedListeners)
        case new(AdminListener.Running)
        case none
    }

    func discard() {
        webhooks?.discard()
        switch admin {
        case .same, .none: break
        case .moved(_, let prepared): prepared.discard()
        case .new(let running): running.stop()
        }
    }
}

/// Listening elsewhere without a restart.
extension Receiver {
    /// Opens what the configuration wants to listen on and is not open.
    func prepareListeners(_ new: LoadedConfiguration) throws(Problem) -> PreparedListening {
        let (old, configuration) = (loaded.configuration, new.configuration)
        let (places, admin) = (configuration.listen, configuration.admin?.listen ?? [])
        // What could not be read outside of systemd is only a warning, but nothing to serve.
        for tls in (places + admin).compactMap(\.tls) where new.tls[tls.keyPath] == nil {
            throw Problem(
                file: configuration.file ?? "", keyPath: tls.keyPath,
                message: "it has no certificate with its key")
        }
        let isSame = Self.areSame(places, old.listen)
        let isSameAdmin = Self.areSame(admin, old.admin?.listen ?? [])
        var prepared = PreparedListening()
        if isSame, isSameAdmin { return prepared }
        let slots = new.tls.mapValues { TLSSlot($0) }
        prepared.slots = slots
        do throws(Problem) {
            prepared.webhooks = try prepare(
                server, places, slots, "listen", configuration)
            prepared.admin = try prepareAdmin(admin, slots, configuration)
        } catch {
            prepared.discard()
            throw error
        }
        return prepared
    }

    private static func areSame(_ new: [ListenSettings], _ old: [ListenSettings]) -> Bool {
        new.count == old.count && zip(new, old).allSatisfy { $0.isSamePlace(as: $1) }
    }

    private func prepare(
        _ server: HTTPServer, _ places: [ListenSettings], _ slots: [String: TLSSlot],
        _ keyPath: String, _ configuration: Configuration
    ) throws(Problem) -> PreparedListeners {
        let listeners = try listeners(places, slots, keyPath, configuration)
        do throws(SystemError) { return try server.prepare(listeners) } catch {
            throw Problem(
                file: configuration.file ?? "", keyPath: keyPath, message: "listening on \(error)")
        }
    }

    private func prepareAdmin(
        _ places: [ListenSettings], _ slots: [String: TLSSlot], _ configuration: Configuration
    ) throws(Problem) -> PreparedListening.Admin {
        let keyPath = "admin.listen"
        guard let running = admin.running else {
            if places.isEmpty { return .same }
            let listeners = try listeners(places, slots, keyPath, configuration)
            do throws(StartFailure) {
                let handler = try AdminHandler(server: self)
                return .new(try AdminListener.make(listeners, handler: handler))
            } catch {
                throw Problem(
                    file: configuration.file ?? "", keyPath: keyPath, message: error.description)
            }
        }
        if places.isEmpty { return .none }
        return .moved(
            running, try prepare(running.server, places, slots, keyPath, configuration))
    }

    private func listeners(
        _ places: [ListenSettings], _ slots: [String: TLSSlot], _ keyPath: String,
        _ configuration: Configuration
    ) throws(Problem) -> [HTTPListener] {
        do throws(StartFailure) { return try Self.listeners(places, slots) } catch {
            throw Problem(
                file: configuration.file ?? "", keyPath: keyPath, message: error.description)
        }
    }

    /// Takes over what was prepared.
    func use(_ prepared: PreparedListening, _ new: LoadedConfiguration) {
        guard let slots = prepared.slots, let webhooks = prepared.webhooks else {
            tlsSlots.withLock { slots in
                for (keyPath, context) in new.tls { slots[keyPath]?.replace(with: context) }
            }
            return
        }
        tlsSlots.withLock { $0 = slots }
        server.use(webhooks)
        setOrigin(new.configuration)
        switch prepared.admin {
        case .same: break
        case .moved(let running, let listeners): running.server.use(listeners)
        case .none: admin.use(nil)
        case .new(let running):
            admin.use(running)
            do throws(SystemError) { try running.server.start() } catch {
                log.write(.error, "the admin listener did not start", [("detail", "\(error)")])
            }
        }
        for (name, addresses) in [("listen", boundAddresses), ("admin", adminAddresses)] {
            let text = addresses.map(\.description).joined(separator: ",")
            log.write(.info, "listening", [(name, text)])
        }
    }
}
