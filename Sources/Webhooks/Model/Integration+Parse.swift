package import JSON
package import JSONata

extension Integration {
    /// Checks an Integration object whole.
    ///
    /// - Parameters:
    ///   - value: the object.
    ///   - limits: bounds of its expressions.
    /// - Returns: the integration, nil when any problem is an error, and every problem found.
    package static func parse(
        _ value: JSONValue, limits: EvaluationLimits = EvaluationLimits()
    ) -> (integration: Integration?, problems: [ConfigurationProblem]) {
        var parser = IntegrationParser(value: value, limits: limits)
        parser.functions = TrutoFunctions.all(
            replacing: value["functions"]?.stringValue == "truto")
        let integration = parser.parse()
        let failed = parser.reader.problems.contains { $0.severity == .error }
        return (failed ? nil : integration, parser.reader.problems)
    }

    /// The same integration in memory of its own, for a thread of its own: reading what threads share costs
    /// nothing, but each reference to it is counted, and a count that two processors change goes to and fro
    /// between them.
    package func copy() -> Integration {
        let own = (try? JSONValue(parsing: source.serialized())) ?? source
        var parser = IntegrationParser(value: own, limits: EvaluationLimits())
        parser.original = self
        guard let copy = parser.parse(),
            !parser.reader.problems.contains(where: { $0.severity == .error })
        else { return self }
        return copy
    }
}

/// The one pass over an Integration object.
private struct IntegrationParser {
    let value: JSONValue
    let limits: EvaluationLimits
    var functions: [CustomFunction] = []
    /// Whose expressions are taken over instead of being compiled.
    var original: Integration?
    var reader = ConfigurationReader()

    mutating func parse() -> Integration? {
        guard value.kind == .object else {
            reader.report([], "an integration must be an object")
            return nil
        }
        let name = reader.string(value, "name", []) ?? ""
        if name.isEmpty { reader.report(["name"], "an integration needs a name") }
        if !name.isEmpty, !name.utf8.allSatisfy(Self.isNameByte) {
            reader.report(["name"], "may have letters, digits, `-`, `_` and `.` only")
        }
        let config = value["config"] ?? [:]
        let webhook = config["webhook"] ?? .null
        if webhook.kind != .object {
            reader.report(["config", "webhook"], "there is no webhook block")
        }
        reader.checkKeys(
            webhook, ["config", "webhook"],
            ["signature_verification", "handle_verification", "payload_transform"])
        let transform = expression(webhook, "payload_transform", ["config", "webhook"])
        let handle = expression(webhook, "handle_verification", ["config", "webhook"])
        var schemeReader = SignatureSchemeParser(reader: reader)
        let scheme = schemeReader.parse(webhook, ["config", "webhook"])
        reader = schemeReader.reader
        if original == nil {
            warnOfOracle(handle, transform)
            warnOfNearMisses()
            checkWords()
        }
        return Integration(
            id: reader.string(value, "id", []), name: name,
            label: reader.string(config, "label", ["config"]), source: value,
            payloadTransform: transform, handleVerification: handle,
            fanOut: expression(value, "fan_out", []), verification: scheme,
            signatureScope: scope(), queues: reader.strings(value, "queues", []),
            eventID: template("event_id"), eventType: template("event_type"),
            deduplicationWindowMilliseconds: window(), accepted: response("accepted"),
            rejected: response("rejected"), isEnforced: reader.bool(value, "enforce", []) ?? true,
            isEnabled: reader.bool(value, "enabled", []) ?? true,
            mayOverwriteContext: value["context_updates"]?.stringValue == "overwrite",
            bodyBytesMax: reader.size(
                value["limits"] ?? .null, "body_bytes_max", ["limits"], 0...(256 << 20)),
            allowedAddresses: allowedAddresses(), rateLimit: rateLimit(),
            redaction: Redaction(
                headers: (reader.strings(value, "redact_headers", []) ?? []).map {
                    $0.lowercased()
                }, credentials: scheme?.credentials ?? []))
    }

    /// Members that Postern acts on.
    private static let members: Set<String> = [
        "id", "name", "config", "event_id", "event_type", "fan_out", "signature_scope", "dedupe",
        "response", "enforce", "enabled", "queues", "limits", "context_updates", "functions",
        "allowed_addresses", "redact_headers",
    ]

    /// Members that it does not act on are kept, whatever they are; one that is spelt nearly as one of its
    /// own was hardly meant so.
    private mutating func warnOfNearMisses() {
        for key in value.objectValue?.keys ?? [] where !Self.members.contains(key) {
            guard key.utf8.count > 3, let near = ConfigurationReader.near(key, Self.members) else {
                continue
            }
            reader.report(
                [key], "is kept and does nothing here; did you mean `\(near)`?", .warning)
        }
    }

    /// Members of one meaning, and the objects that hold others.
    private mutating func checkWords() {
        for (key, word) in [("context_updates", "overwrite"), ("functions", "truto")] {
            guard let text = reader.string(value, key, []), text != word else { continue }
            reader.report([key], "`\(text)` means nothing here; write \(word), or leave it out")
        }
        for (key, members) in [
            ("limits", ["body_bytes_max", "requests_per_second", "requests_burst"]),
            ("response", ["accepted", "rejected"]),
        ] as [(String, Set<String>)] {
            guard let object = value[key], !object.isNull else { continue }
            if object.kind != .object { reader.report([key], "must be an object") }
            reader.checkKeys(object, [key], members)
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
            || byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: ".")
    }

    /// RFC 9110 §5.6.2: a token.
    private static func isFieldNameByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || "!#$%&'*+^`|~".utf8.contains(byte)
    }

    private mutating func expression(
        _ value: JSONValue, _ key: String, _ path: [String]
    ) -> Integration.CompiledExpression? {
        guard let source = reader.string(value, key, path) else { return nil }
        if let known = original?.expression(key) {
            return Integration.CompiledExpression(expression: known.expression.copy())
        }
        do throws(JSONataError) {
            return Integration.CompiledExpression(
                expression: try Expression(source, limits: limits, functions: functions))
        } catch {
            reader.report(
                path + [key], "\(error.code): \(error.message)",
                position: error.position >= 0 ? error.position : nil)
            return nil
        }
    }

    private mutating func template(_ key: String) -> PlaceholderTemplate? {
        reader.string(value, key, []).flatMap { reader.template($0, [key]) }
    }

    private mutating func scope() -> Set<Integration.ResultType> {
        guard let names = reader.strings(value, "signature_scope", []) else { return [.payload] }
        var scope: Set<Integration.ResultType> = []
        for name in names {
            if let type = Integration.ResultType(rawValue: name) {
                scope.insert(type)
            } else {
                reader.report(["signature_scope"], "`\(name)` is none of verify, meta, payload")
            }
        }
        return scope
    }

    private mutating func allowedAddresses() -> [AddressRange]? {
        guard let member = value["allowed_addresses"], !member.isNull else { return nil }
        let texts = reader.strings(value, "allowed_addresses", []) ?? []
        var ranges: [AddressRange] = []
        for text in texts {
            if let range = AddressRange(text) {
                ranges.append(range)
            } else {
                reader.report(["allowed_addresses"], "`\(text)` \(AddressRange.fault(of: text))")
            }
        }
        return ranges
    }

    private mutating func rateLimit() -> Integration.RateLimit? {
        let limits = value["limits"] ?? .null
        let given = limits["requests_per_second"] ?? .null
        let burst = limits["requests_burst"] ?? .null
        guard !given.isNull else {
            if !burst.isNull {
                reader.report(
                    ["limits", "requests_burst"], "says nothing without `requests_per_second`")
            }
            return nil
        }
        guard let rate = given.doubleValue, rate >= 0.001, rate <= 1_000_000 else {
            reader.report(
                ["limits", "requests_per_second"], "must be a number from 0.001 to 1000000")
            return nil
        }
        guard !burst.isNull else {
            return Integration.RateLimit(
                requestsPerSecond: rate, burst: max(1, Int(rate.rounded(.up))))
        }
        guard let count = burst.intValue, count >= 1, count <= 1_000_000 else {
            reader.report(["limits", "requests_burst"], "must be a whole number from 1 to 1000000")
            return nil
        }
        return Integration.RateLimit(requestsPerSecond: rate, burst: count)
    }

    private mutating func window() -> Int64? {
        guard let dedupe = value["dedupe"], !dedupe.isNull else { return 86_400_000 }
        if dedupe.boolValue == false { return nil }
        guard dedupe.kind == .object else {
            reader.report(["dedupe"], "must be { window: 24h }, or false")
            return nil
        }
        reader.checkKeys(dedupe, ["dedupe"], ["window"])
        let window = reader.duration(dedupe, "window", ["dedupe"]) ?? 86_400_000
        if window > 3650 * 86_400_000 {
            reader.report(["dedupe", "window"], "must be 3650 days at most")
        }
        return window
    }

    private mutating func response(_ key: String) -> Integration.ResponseTemplate? {
        guard let answer = value["response"]?[key], !answer.isNull else { return nil }
        let path = ["response", key]
        guard answer.kind == .object else {
            reader.report(path, "must be an object")
            return nil
        }
        reader.checkKeys(answer, path, ["status_code", "headers", "body"])
        let given = answer["status_code"] ?? .null
        let status = given.intValue ?? (key == "accepted" ? 200 : 401)
        let range = key == "accepted" ? 200...299 : 200...499
        if !range.contains(status) || !given.isNull && given.intValue == nil {
            reader.report(
                path + ["status_code"],
                "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        var headers: [(String, String)] = []
        let fields = answer["headers"] ?? .null
        if !fields.isNull, fields.kind != .object {
            reader.report(path + ["headers"], "must be an object of names and strings")
        }
        for (name, value) in fields.objectValue ?? JSONObject() {
            if name.isEmpty || !name.utf8.allSatisfy(Self.isFieldNameByte) {
                reader.report(path + ["headers", name], "is no name of a header (RFC 9110 §5.1)")
            }
            guard let text = value.stringValue, !text.utf8.contains(where: { $0 < 0x20 }) else {
                reader.report(path + ["headers", name], "must be a string without line breaks")
                continue
            }
            headers.append((name, text))
        }
        let body = answer["body"] ?? .null
        return Integration.ResponseTemplate(
            statusCode: status, headers: headers,
            body: body.stringValue.map { Array($0.utf8) } ?? (body.isNull ? [] : body.serialized()))
    }

    /// A handshake that signs what the caller chose, under the key that signs deliveries, is a signing
    /// oracle unless the signature is checked first or the text must match a strict pattern.
    private mutating func warnOfOracle(
        _ handle: Integration.CompiledExpression?, _ transform: Integration.CompiledExpression?
    ) {
        let scope = reader.strings(value, "signature_scope", []) ?? []
        for (key, compiled) in [("handle_verification", handle), ("payload_transform", transform)] {
            guard let source = compiled?.source, Self.signs(source), !scope.contains("verify"),
                !Self.hasStrictPattern(source)
            else { continue }
            reader.report(
                ["config", "webhook", key],
                "signs request data before a signature is checked: put `verify` in signature_scope, "
                    + "or match the text against a pattern such as /^[A-Za-z0-9_-]{1,128}$/",
                .warning)
        }
    }

    /// `$sign` is called, or given another name.
    private static func signs(_ source: String) -> Bool {
        source.ranges(of: "$sign").contains { range in
            guard let next = source[range.upperBound...].first else { return true }
            return !(next.isLetter || next.isNumber || next == "_")
        }
    }

    /// A regular expression that is bound at both ends and lets nothing but its classes through.
    private static func hasStrictPattern(_ source: String) -> Bool {
        source.ranges(of: "/^").contains { range in
            let rest = source[range.upperBound...]
            guard let end = rest.firstRange(of: "$/") else { return false }
            let pattern = rest[..<end.lowerBound]
            return !pattern.contains("\n") && !pattern.contains(".*") && !pattern.contains(".+")
                && !pattern.contains("[^")
        }
    }
}
