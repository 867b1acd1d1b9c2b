import Cryptography
import JSON

extension SignatureVerifier {
    func verifyHMAC(
        _ scheme: HMACScheme, _ scope: PlaceholderScope, _ now: Int64
    ) -> VerificationOutcome {
        if let contexts = scheme.fixedContexts {
            return judge(scheme, scope, now, length: scheme.algorithm.byteCount) {
                candidates, scope in
                var outcome = Comparison()
                forEachText(scheme, scope) { text in
                    for context in contexts {
                        outcome.note(try? context.isCode(candidates, of: text.span))
                    }
                }
                return outcome.verification(of: scheme)
            }
        }
        do throws(Misconfiguration) {
            let keys = try Self.decode(secrets(scheme.secrets, scope), scheme.secretEncoding)
            return judge(scheme, scope, now, length: scheme.algorithm.byteCount) {
                candidates, scope in
                self.compare(scheme, keys, candidates, scope)
            }
        } catch {
            return .misconfigured(error)
        }
    }

    /// Public keys instead of secrets; everything around the comparison is the same.
    func verifyPublicKey(
        _ scheme: HMACScheme, _ algorithm: SignatureAlgorithm, _ isRaw: Bool,
        _ scope: PlaceholderScope, _ now: Int64
    ) -> VerificationOutcome {
        do throws(Misconfiguration) {
            var keys: [PublicKey] = []
            for text in try secrets(scheme.secrets, scope, key: "public_key") {
                guard let key = publicKeys.key(text), key.fits(algorithm) else {
                    throw Misconfiguration(.keyMalformed, key: "public_key")
                }
                keys.append(key)
            }
            return judge(scheme, scope, now, length: nil) { candidates, scope in
                var hasText = false
                var matches = false
                forEachText(scheme, scope) { text in
                    hasText = true
                    matches =
                        matches
                        || keys.contains { key in
                            candidates.contains {
                                key.verify(algorithm, $0, of: text, isRaw: isRaw)
                            }
                        }
                }
                if matches { return .passed(format: "public_key") }
                return .refused(hasText ? .signatureMismatch : .missingSignature)
            }
        } catch {
            return .misconfigured(error)
        }
    }

    /// Finds the candidates, checks the timestamp, and lets `compare` judge what decodes.
    private func judge(
        _ scheme: HMACScheme, _ scope: PlaceholderScope, _ now: Int64,
        length: Int?,
        compare: ([[UInt8]], PlaceholderScope) -> VerificationOutcome
    ) -> VerificationOutcome {
        var candidates = Candidates(scheme, length: length)
        guard let separator = scheme.split else {
            var isGiven = false
            for template in scheme.compareWith {
                if let name = template.headerName, let value = scope.onlyField(name) {
                    isGiven = true
                    candidates.add(value.span)
                } else {
                    for value in values([template], scope) {
                        isGiven = true
                        candidates.add(value.span)
                    }
                }
            }
            if !isGiven { return .refused(.missingSignature) }
            return judge(scheme, scope, now, candidates, compare)
        }
        let given = values(scheme.compareWith, scope)
        if given.isEmpty { return .refused(.missingSignature) }
        let parts = Self.parts(given, separator)
        for part in parts { candidates.add(part.span) }
        var scope = scope
        scope.extra["signature"] = Self.parameters(parts)
        return judge(scheme, scope, now, candidates, compare)
    }

    private func judge(
        _ scheme: HMACScheme, _ scope: PlaceholderScope, _ now: Int64, _ candidates: Candidates,
        _ compare: ([[UInt8]], PlaceholderScope) -> VerificationOutcome
    ) -> VerificationOutcome {
        if !candidates.hasPrefix { return .refused(.malformedSignature) }
        if let timestamp = scheme.timestamp, let refusal = Self.check(timestamp, scope, now) {
            return .refused(refusal)
        }
        if candidates.codes.isEmpty { return .refused(.malformedSignature) }
        return compare(candidates.codes, scope)
    }

    /// What a request gives as its signature.
    private struct Candidates {
        private let scheme: HMACScheme
        /// How long a code is; nil for any length.
        private let length: Int?
        /// At least one text begins as it must.
        private(set) var hasPrefix = false
        /// Of those texts the ones that decode.
        private(set) var codes: [[UInt8]] = []

        init(_ scheme: HMACScheme, length: Int?) {
            self.scheme = scheme
            self.length = length
        }

        mutating func add(_ text: Span<UInt8>) {
            let prefix = scheme.prefix.utf8.span
            guard SignatureVerifier.starts(text, with: prefix) else { return }
            hasPrefix = true
            let code = SignatureVerifier.decode(
                text.extracting(droppingFirst: prefix.count), scheme.encoding)
            if let code, length == nil || code.count == length { codes.append(code) }
        }
    }

    /// What is signed: each configured text that has all its values.
    private func forEachText(
        _ scheme: HMACScheme, _ scope: PlaceholderScope, _ body: ([UInt8]) -> Void
    ) {
        for template in scheme.signedStrings {
            if template.isRawBody, scope.context.transformed["raw_body"] == nil {
                body(scope.context.request.body)
                continue
            }
            switch scope.render(template) {
            case .value(let text): body(text)
            case .list(let items): for item in items { body(item) }
            case .missing: continue
            }
        }
    }

    /// What came of comparing codes.
    private struct Comparison {
        private var matches = false
        private var hasText = false
        private var isUnavailable = false

        /// - Parameter isCode: nil when OpenSSL has no such algorithm.
        mutating func note(_ isCode: Bool?) {
            hasText = true
            if isCode == true { matches = true }
            if isCode == nil { isUnavailable = true }
        }

        func verification(of scheme: HMACScheme) -> VerificationOutcome {
            if isUnavailable {
                return .misconfigured(Misconfiguration(.algorithmUnavailable, key: "algorithm"))
            }
            if matches { return .passed(format: scheme.isDigest ? "digest" : "hmac") }
            return .refused(hasText ? .signatureMismatch : .missingSignature)
        }
    }

    /// Every key, signed text and candidate is tried, so that the time does not tell which one matched.
    private func compare(
        _ scheme: HMACScheme, _ keys: [[UInt8]], _ candidates: [[UInt8]], _ scope: PlaceholderScope
    ) -> VerificationOutcome {
        var outcome = Comparison()
        for key in keys {
            guard scheme.isDigest else {
                let context = self.keys.context(scheme.algorithm, key)
                forEachText(scheme, scope) { text in
                    outcome.note(try? context?.isCode(candidates, of: text.span))
                }
                continue
            }
            var scope = scope
            scope.extra["secret"] = .string(String(decoding: key, as: UTF8.self))
            forEachText(scheme, scope) { text in
                let expected = try? Digest.hash(scheme.algorithm, of: text)
                var isCode = expected.map { _ in false }
                for candidate in candidates {
                    if let expected, constantTimeEquals(candidate, expected) { isCode = true }
                }
                outcome.note(isCode)
            }
        }
        return outcome.verification(of: scheme)
    }

    /// The key that a secret's text stands for; nil when it does not decode.
    static func key(_ text: [UInt8], _ encoding: HMACScheme.SecretEncoding) -> [UInt8]? {
        switch encoding {
        case .utf8: return text
        case .base64: return Encodings.decodeBase64(text.span, padding: .optional)
        case .base64url: return Encodings.decodeBase64URL(text.span)
        case .hex: return Encodings.decodeHex(text.span)
        case .whsec:
            // Standard Webhooks: `whsec_` and base64; the prefix may be left out.
            let prefix = Array("whsec_".utf8)
            let rest = text.starts(with: prefix) ? Array(text.dropFirst(prefix.count)) : text
            return Encodings.decodeBase64(rest.span, padding: .optional)
        }
    }

    fileprivate static func starts(_ text: Span<UInt8>, with prefix: Span<UInt8>) -> Bool {
        guard text.count >= prefix.count else { return false }
        for place in 0..<prefix.count where text[place] != prefix[place] { return false }
        return true
    }

    fileprivate static func decode(
        _ text: Span<UInt8>, _ encoding: HMACScheme.TextEncoding
    ) -> [UInt8]? {
        switch encoding {
        case .hex: Encodings.decodeHex(text)
        case .base64: Encodings.decodeBase64(text)
        case .base64url: Encodings.decodeBase64URL(text)
        }
    }

    /// The parts of a header that holds several signatures, without the spaces around them.
    private static func parts(_ values: [[UInt8]], _ separator: String) -> [[UInt8]] {
        let mark = Array(separator.utf8)
        var parts: [[UInt8]] = []
        for value in values {
            var start = 0
            var index = 0
            while index <= value.count {
                let isEnd = index == value.count
                if isEnd || value[index...].starts(with: mark) {
                    parts.append(trimmed(value[start..<index]))
                    start = index + mark.count
                    index = start
                    if isEnd { break }
                } else {
                    index += 1
                }
            }
        }
        return parts.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var rest = text
        while rest.first == 0x20 { rest = rest.dropFirst() }
        while rest.last == 0x20 { rest = rest.dropLast() }
        return Array(rest)
    }

    /// `{{signature.t}}` of `t=1,v1=…`: parameters by name (the first of a name) and by place.
    private static func parameters(_ parts: [[UInt8]]) -> JSONValue {
        var object = JSONObject()
        for (place, part) in parts.enumerated() {
            let text = String(decoding: part, as: UTF8.self)
            object[String(place)] = .string(text)
            guard let mark = part.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: part[..<mark], as: UTF8.self)
            if object[name] == nil {
                object[name] = .string(String(decoding: part[(mark + 1)...], as: UTF8.self))
            }
        }
        return .object(object)
    }

    /// Why the timestamp is not accepted; nil when it is. Both directions count: a time from the future
    /// would stay valid longer than the tolerance.
    private static func check(
        _ timestamp: HMACScheme.Timestamp, _ scope: PlaceholderScope, _ now: Int64
    ) -> RefusalReason? {
        guard let text = scope.text(timestamp.template), !text.isEmpty else {
            return .timestampMissing
        }
        let time: Int64?
        switch timestamp.format {
        case .unix: time = seconds(text)
        case .unixMilliseconds: time = digits(text)
        case .iso8601: time = TimeText.milliseconds(iso8601: text)
        }
        guard let time else { return .timestampMalformed }
        let (difference, overflow) = now.subtractingReportingOverflow(time)
        guard !overflow, difference != Int64.min,
            abs(difference) <= timestamp.toleranceMilliseconds
        else { return .timestampOutOfTolerance }
        return nil
    }

    /// Decimal digits alone: no sign, no space, no exponent.
    private static func digits(_ text: String) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int64(text)
    }

    private static func seconds(_ text: String) -> Int64? {
        guard let value = digits(text) else { return nil }
        let (time, overflow) = value.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : time
    }
}
