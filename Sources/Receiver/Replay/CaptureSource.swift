import EventQueue
import JSON

/// Where captures come from: files, a queue, the quarantine.
struct CaptureSource {
    typealias Body = (Result<Capture, CaptureFailure>) -> Void

    /// Requests of one page.
    private static let pageCount = 200
    private static let fileBytesMax = 1 << 30

    /// Reads a file, standard input (`-`), or the folder of a file queue.
    static func read(
        file: String, terminal: Terminal, _ body: Body
    ) throws(FileError) {
        if FileSystem.isFolder(file) {
            for name in try FileSystem.list(file) where name.hasSuffix(".jsonl") {
                let path = FileSystem.join(file, name)
                let bytes = try FileSystem.read(path, maximum: fileBytesMax)
                if !bytes.isEmpty { CaptureReader.read(bytes, name: path, body) }
            }
            return
        }
        let bytes =
            file == "-"
            ? try terminal.readInput() : try FileSystem.read(file, maximum: fileBytesMax)
        if bytes.starts(with: Array("SQLite format 3".utf8)) {
            let advice = "is a database: replay it with --queue NAME or --quarantine"
            return body(.failure(CaptureFailure("\(file) \(advice)")))
        }
        CaptureReader.read(bytes, name: file == "-" ? "standard input" : file, body)
    }

    /// Reads the events of a queue that match the filter.
    static func read(
        queue: any EventQueue, filter: EventFilter, only: UInt64? = nil, _ body: Body
    ) throws(QueueError) {
        var filter = filter
        filter.limit = only == nil ? pageCount : 1
        while true {
            let page = try queue.list(filter)
            for event in page {
                body(capture(event, "queue \(queue.name) \(event.sequence)"))
                filter.afterSequence = max(filter.afterSequence, event.sequence)
            }
            if only != nil || page.count < pageCount { return }
        }
    }

    /// Reads the quarantine, oldest first; only these numbers when any are given.
    static func read(
        quarantine: QuarantineStore, integration: String?, numbers: [Int64], _ body: Body
    ) throws(QueueError) {
        var requests: [QuarantinedRequest] = []
        if numbers.isEmpty {
            requests = try quarantine.list(integration: integration, limit: .max).reversed()
        }
        for number in numbers {
            guard let request = try quarantine.show(number: number) else {
                body(.failure(CaptureFailure("the quarantine has no request \(number)")))
                continue
            }
            requests.append(request)
        }
        for request in requests { body(capture(request)) }
    }

    private static func capture(
        _ event: StoredEvent, _ origin: String
    ) -> Result<Capture, CaptureFailure> {
        guard let request = try? JSONValue(parsing: event.request),
            let document = try? JSONValue(parsing: event.document)
        else { return .failure(CaptureFailure("\(origin): no captured request")) }
        do throws(CaptureFailure) {
            return .success(try Capture(event: document, request: request, origin: origin))
        } catch { return .failure(error) }
    }

    private static func capture(
        _ kept: QuarantinedRequest
    ) -> Result<Capture, CaptureFailure> {
        let origin = "quarantine \(kept.number)"
        guard let request = try? JSONValue(parsing: kept.request) else {
            return .failure(CaptureFailure("\(origin): not a captured request"))
        }
        do throws(CaptureFailure) {
            var capture = try Capture(request: request, origin: origin)
            capture.integration = kept.integration
            capture.account = kept.account
            capture.recorded = .refused(reason: kept.reason)
            return .success(capture)
        } catch { return .failure(error) }
    }
}
