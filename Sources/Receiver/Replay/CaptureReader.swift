import JSON

/// Reads captures from files: JSON Lines, HAR, raw HTTP requests. The form is seen from the content.
enum CaptureReader {
    /// Hands over the captures of a file, in order.
    ///
    /// - Parameters:
    ///   - bytes: its content.
    ///   - name: what messages call it.
    ///   - body: called for each capture, or for what kept one from being read.
    static func read(
        _ bytes: [UInt8], name: String, _ body: (Result<Capture, CaptureFailure>) -> Void
    ) {
        guard let first = bytes.first(where: { !isSpace($0) }) else {
            return body(.failure(CaptureFailure("\(name): the file is empty")))
        }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            return readHTTP(bytes, name, body)
        }
        // A file that is one JSON value is a HAR, one capture, or a list of them; else JSON Lines.
        if let whole = try? JSONValue(parsing: bytes) {
            if let entries = whole["log"]?["entries"]?.arrayValue {
                for (index, entry) in entries.enumerated() {
                    body(
                        attempt { () throws(CaptureFailure) in
                            try har(entry, "\(name): entry \(index + 1)")
                        })
                }
            } else if let items = whole.arrayValue {
                for (index, item) in items.enumerated() {
                    body(
                        attempt { () throws(CaptureFailure) in
                            try capture(item, "\(name): item \(index + 1)")
                        })
                }
            } else {
                body(attempt { () throws(CaptureFailure) in try capture(whole, name) })
            }
            return
        }
        readLines(bytes, name, body)
    }

    private static func readLines(
        _ bytes: [UInt8], _ name: String, _ body: (Result<Capture, CaptureFailure>) -> Void
    ) {
        for (index, line) in bytes.split(
            separator: 0x0A, omittingEmptySubsequences: false
        ).enumerated() where line.contains(where: { !isSpace($0) }) {
            let origin = "\(name):\(index + 1)"
            guard let value = try? JSONValue(parsing: Array(line)) else {
                body(.failure(CaptureFailure("\(origin): not a JSON object")))
                continue
            }
            body(attempt { () throws(CaptureFailure) in try capture(value, origin) })
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte) || byte == 0xEF || byte == 0xBB || byte == 0xBF
    }

    private static func attempt(
        _ body: () throws(CaptureFailure) -> Capture
    ) -> Result<Capture, CaptureFailure> {
        do throws(CaptureFailure) { return .success(try body()) } catch { return .failure(error) }
    }

    /// A line of a file queue, of a quarantine's export, or a request on its own.
    private static func capture(
        _ value: JSONValue, _ origin: String
    ) throws(CaptureFailure) -> Capture {
        guard let request = value["request"], request.kind == .object else {
            return try Capture(request: value, origin: origin)
        }
        if let event = value["event"], event.kind == .object {
            return try Capture(event: event, request: request, origin: origin)
        }
        var capture = try Capture(request: request, origin: origin)
        capture.integration = value["integration"]?.stringValue ?? capture.integration
        capture.account = value["account"]?.stringValue ?? capture.account
        if let reason = value["reason"]?.stringValue {
            capture.recorded = .refused(reason: reason)
        }
        return capture
    }

    /// An entry of a HAR file (http://www.softwareishard.com/blog/har-12-spec).
    private static func har(
        _ entry: JSONValue, _ origin: String
    ) throws(CaptureFailure) -> Capture {
        guard let request = entry["request"], let url = request["url"]?.stringValue else {
            throw CaptureFailure("\(origin): no request with a url")
        }
        var members: JSONObject = [
            "url": .string(url), "method": request["method"] ?? "GET",
            "headers": request["headers"] ?? [],
        ]
        members["received_at"] = entry["startedDateTime"]
        if let post = request["postData"] {
            // Chrome's and the proxies' way of keeping what is no text.
            let isBase64 = post["encoding"]?.stringValue == "base64"
            let text = post["text"] ?? harForm(post["params"])
            members[isBase64 ? "body_base64" : "raw_body"] = text
        }
        var capture = try Capture(request: .object(members), origin: origin)
        // HTTP/2's own fields; Content-Length often counts what was sent compressed.
        capture.fields.removeAll { $0.name.hasPrefix(":") }
        return capture
    }

    /// Form fields that a HAR gives apart.
    private static func harForm(_ params: JSONValue?) -> JSONValue? {
        guard let params = params?.arrayValue, !params.isEmpty else { return nil }
        let pairs = params.map { item in
            (item["name"]?.stringValue ?? "") + "=" + (item["value"]?.stringValue ?? "")
        }
        return .string(pairs.joined(separator: "&"))
    }

    /// HTTP/1.1 requests as they stand on the wire, one after another; lines may end with LF alone.
    private static func readHTTP(
        _ bytes: [UInt8], _ name: String, _ body: (Result<Capture, CaptureFailure>) -> Void
    ) {
        var rest = bytes[...]
        var number = 1
        while let start = rest.firstIndex(where: { !isSpace($0) }) {
            rest = rest[start...]
            let origin = number == 1 ? name : "\(name): request \(number)"
            guard var capture = head(&rest, origin) else {
                body(.failure(CaptureFailure("\(origin): neither JSON nor an HTTP request")))
                return
            }
            let length = capture.first("content-length").flatMap { Int($0) }
            let count = min(max(length ?? rest.count, 0), rest.count)
            capture.body = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            body(.success(capture))
            number += 1
        }
    }

    /// The request line and the fields; what follows the empty line stays in `rest`.
    private static func head(_ rest: inout ArraySlice<UInt8>, _ origin: String) -> Capture? {
        var capture = Capture(origin: origin)
        var isFirst = true
        while true {
            let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
            var line = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            if line.last == 0x0D { line = line.dropLast() }
            let text = String(decoding: line, as: UTF8.self)
            if isFirst {
                let words = text.split(separator: " ")
                guard words.count == 3, words[2].hasPrefix("HTTP/") else { return nil }
                capture.method = String(words[0])
                let target = String(words[1])
                capture.target = target.hasPrefix("/") ? target : Capture.target(of: target)
                isFirst = false
            } else if text.isEmpty {
                return capture
            } else {
                guard let colon = text.firstIndex(of: ":") else { return nil }
                let value = text[text.index(after: colon)...]
                    .drop { $0 == " " || $0 == "\t" }
                capture.fields.append((String(text[..<colon]), String(value)))
            }
            if end == rest.endIndex, rest.isEmpty { return capture }
        }
    }
}
