import JSON
import Webhooks

/// Says what the signature stage compares, and what kind of values the capture has there: never a value,
/// a secret, or literal text that could hold one.
enum SignatureExplanation {
    static func lines(_ integration: Integration, _ capture: Capture) -> [String] {
        guard let block = integration.source["config"]?["webhook"]?["signature_verification"]
        else { return [] }
        return lines(block, capture)
    }

    private static func lines(_ block: JSONValue, _ capture: Capture) -> [String] {
        guard let format = block["format"]?.stringValue else { return [] }
        if let parts = (block["config"]?["of"] ?? block["of"])?.arrayValue {
            return ["\(format) of"] + parts.flatMap { lines($0, capture).map { "  " + $0 } }
        }
        let config = block["config"] ?? .null
        // Formats whose candidate is itself the secret.
        let isSecret = ["basic", "bearer", "token"].contains(format)
        let usual = ["basic", "bearer", "jwt"].contains(format) ? "{{headers.authorization}}" : ""
        let candidates = strings(config["compare_with"] ?? .string(usual))
        var text = format
        for key in ["algorithm", "encoding", "string_type"] {
            if let value = config[key]?.stringValue, !value.contains("{") { text += " \(value)" }
        }
        if ["hmac", "digest", "public_key"].contains(format) {
            let signed = strings(config["signed_string"] ?? "{{raw_body}}").map { outline($0) }
            text += " of \(signed.joined(separator: " or "))"
        }
        var result = [text]
        for candidate in candidates where !candidate.isEmpty {
            result.append(
                "compared with \(outline(candidate)): "
                    + kind(of: candidate, capture, hidesLength: isSecret))
        }
        if let timestamp = config["timestamp"]?.stringValue {
            let tolerance = config["tolerance"]?.stringValue ?? "300s"
            result.append("timestamp \(outline(timestamp)), tolerance \(tolerance)")
        }
        return result
    }

    /// What the signature stage looks at and the capture does not hold, since it was a credential.
    static func missing(_ integration: Integration, _ capture: Capture) -> [String] {
        guard let block = integration.source["config"]?["webhook"]?["signature_verification"]
        else { return [] }
        let text = block.jsonString.lowercased()
        let readsAuthorization = ["basic", "bearer", "jwt"].contains {
            text.contains("\"format\":\"\($0)\"")
        }
        var missing = capture.redactedNames.filter { name in
            text.contains("headers.\(name)") || name == "authorization" && readsAuthorization
        }
        let readsBody =
            text.contains("body")
            || ["hmac", "digest", "public_key"].contains { text.contains("\"format\":\"\($0)\"") }
        if readsBody, capture.hasRedactedBody { missing.append("the whole body") }
        if text.contains("url") || text.contains("query"), capture.hasRedactedURL {
            missing.append("the whole URL")
        }
        return missing
    }

    private static func strings(_ value: JSONValue) -> [String] {
        if let text = value.stringValue { return [text] }
        return (value.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// The placeholders of a template; text between them is kept when it is too short for a secret.
    static func outline(_ template: String) -> String {
        var result = ""
        var rest = template[...]
        while let open = rest.firstRange(of: "{{") {
            result += literal(rest[..<open.lowerBound])
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else { break }
            // A default after `?:` is literal text too.
            let inner = rest[open.upperBound..<close.lowerBound]
            let path = inner.firstRange(of: "?:").map { inner[..<$0.lowerBound] + "?:…" } ?? inner
            result += "{{\(path)}}"
            rest = rest[close.upperBound...]
        }
        return result + literal(rest)
    }

    private static func literal(_ text: Substring) -> String {
        text.utf8.count <= 3 ? String(text) : "…"
    }

    /// What the capture holds at a candidate: `present, 64 hex digits after sha256=`.
    private static func kind(
        of template: String, _ capture: Capture, hidesLength: Bool
    ) -> String {
        guard let mark = template.lowercased().firstRange(of: "headers.") else {
            return "not a header"
        }
        let tail = template.lowercased()[mark.upperBound...]
        let name = String(
            tail.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
        if capture.redactedNames.contains(name) { return "not kept in the capture" }
        guard let value = capture.first(name) else { return "absent" }
        if value.isEmpty { return "empty" }
        if hidesLength { return "present" }
        let equals = value.lastIndex(of: "=").map { value.index(after: $0) }
        let digits = equals.map { $0 == value.endIndex ? value[...] : value[$0...] } ?? value[...]
        if digits.utf8.allSatisfy({ Hexadecimal.isDigit($0) }) {
            return "present, \(digits.utf8.count) hex digits"
        }
        return "present, \(value.utf8.count) characters"
    }

    private enum Hexadecimal {
        static func isDigit(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte)
                || (0x61...0x66).contains(byte)
        }
    }
}
