import Synchronization
import Webhooks

/// The key sets that one run of a pipeline asked for, and which of them it did not find.
final class KeySetInquiry: Sendable {
    private let store: KeySetStore
    private let missing = Mutex<String?>(nil)

    init(_ store: KeySetStore) { self.store = store }

    /// The address whose fetch is worth waiting for; nil when no set was missing or none is coming.
    var awaited: String? { missing.withLock { $0 } }

    /// What the pipeline asks; answers at once.
    var source: PipelineEnvironment.KeySetSource {
        { address, demand in
            switch demand {
            case .current:
                let found = self.store.current(address)
                if found.document == nil, found.isFetching { self.note(address) }
                return found.document
            case .newer:
                if self.store.renew(address) { self.note(address) }
                return nil
            }
        }
    }

    private func note(_ address: String) {
        missing.withLock { if $0 == nil { $0 = address } }
    }
}

extension Decision {
    /// True when keys that were not at hand could have led to another decision.
    var couldChangeWithKeys: Bool {
        switch self {
        case .accepted(let delivery, _):
            if case .unverified = delivery.verification { true } else { false }
        case .refused: true
        case .misconfigured(let problem): problem.reason == .keyUnavailable
        case .handshake, .meta, .malformed, .failed: false
        }
    }
}

extension KeySetStore {
    /// The store of a receiver: https through libcurl, files through the same threads.
    ///
    /// - Parameters:
    ///   - fetch: see `fetcher`.
    ///   - log: told of every fetch.
    convenience init(fetch: @escaping Fetch, log: Log, metrics: Metrics) {
        self.init(
            isUsable: { Integration.isKeySet($0) },
            report: { address, failure in
                metrics.countKeySetFetch(succeeded: failure == nil)
                // Without the query, which may hold a credential.
                let fields = [("address", String(address.prefix { $0 != "?" }))]
                if let failure {
                    log.write(.warning, "key set not fetched", fields + [("detail", failure)])
                } else {
                    log.write(.info, "key set fetched", fields)
                }
            }, fetch: fetch)
    }

    /// Gets a document of an https address or of a file; blocks. Relative `file:` addresses count from
    /// `folder`.
    static func fetcher(_ settings: KeySetSettings, folder: String) -> Fetch {
        var fetcher = CurlFetcher()
        fetcher.certificateAuthorities = settings.certificateAuthorities.map {
            FileSystem.join(folder, $0)
        }
        fetcher.allowsLoopback = settings.allowsLoopback
        fetcher.timeoutMilliseconds = settings.timeoutMilliseconds
        return { [fetcher] address in
            if address.hasPrefix("file:") {
                return read(FileSystem.join(folder, String(address.dropFirst(5))))
            }
            do throws(CurlFetcher.Failure) { return .success(try fetcher.fetch(address)) } catch {
                return .failure(error)
            }
        }
    }

    /// A file is asked for again as often as the policy lets a set be.
    private static func read(
        _ path: String
    ) -> Result<CurlFetcher.Document, CurlFetcher.Failure> {
        do throws(FileError) {
            let bytes = try FileSystem.read(path, maximum: 1 << 20)
            return .success(CurlFetcher.Document(bytes: bytes, secondsToLive: 0))
        } catch { return .failure(CurlFetcher.Failure("\(error)")) }
    }
}

/// Key sets for a command that may block: each is fetched once.
final class DirectKeySets: Sendable {
    private let documents = Mutex<[String: [UInt8]?]>([:])
    private let fetch: KeySetStore.Fetch

    init(_ settings: KeySetSettings, folder: String) {
        fetch = KeySetStore.fetcher(settings, folder: folder)
    }

    var source: PipelineEnvironment.KeySetSource {
        { address, demand in
            if case .newer = demand { return nil }
            if let known = self.documents.withLock({ $0[address] }) { return known }
            let document = (try? self.fetch(address).get())?.bytes
            self.documents.withLock { $0[address] = .some(document) }
            return document
        }
    }
}
