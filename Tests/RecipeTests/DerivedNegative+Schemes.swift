import Foundation
import JSON

/// Changes that depend on what the recipe says of the scheme.
extension DerivedNegative.Builder {
    // MARK: Signatures outside headers

    func embedded() -> [DerivedNegative] {
        guard let pattern = file.derivation.signaturePattern,
            let expression = try? NSRegularExpression(pattern: pattern)
        else { return [] }
        let body = String(decoding: origin.request.body, as: UTF8.self)
        func changed(_ text: String, _ change: (String) -> String) -> String? {
            let whole = NSRange(text.startIndex..., in: text)
            guard let match = expression.firstMatch(in: text, range: whole),
                let range = Range(match.range(at: 1), in: text)
            else { return nil }
            return text.replacingCharacters(in: range, with: change(String(text[range])))
        }
        let changes: [(String, (String) -> String)] = [
            ("embedded signature empty", { _ in "" }),
            ("embedded signature three characters short", { String($0.dropLast(3)) }),
            ("embedded signature a character long", { $0 + "0" }),
            ("embedded signature with one digit changed", changingOneDigit),
        ]
        return changes.map { name, change in
            var request = origin.request
            if let text = changed(body, change) { request.body = Array(text.utf8) }
            if let text = changed(request.url, change) { request.url = text }
            return make(name, request: request, .refused)
        }
    }

    // MARK: Algorithms

    /// The recipe with another algorithm must not take what was signed with the right one.
    func algorithms() -> [DerivedNegative] {
        guard let value = Recipe.byName[file.recipe]?.value,
            let object = try? JSONSerialization.jsonObject(
                with: Data(value.serialized())) as? [String: Any]
        else { return [] }
        var count = 0
        let altered = alter(object, &count)
        // Static tokens and passwords have none.
        guard count > 0 else { return [] }
        return [
            make("another algorithm", integration: JSONText(altered), .refusedOrMisconfigured)
        ]
    }

    private func alter(_ value: Any, _ count: inout Int) -> Any {
        if let list = value as? [Any] { return list.map { alter($0, &count) } }
        guard var object = value as? [String: Any] else { return value }
        if let format = object["format"] as? String, var config = object["config"] as? [String: Any]
        {
            switch format {
            case "hmac", "digest":
                let name = config["algorithm"] as? String ?? "sha256"
                config["algorithm"] = name == "sha256" ? "sha3-256" : "sha256"
                count += 1
            case "public_key":
                let name = config["algorithm"] as? String ?? ""
                config["algorithm"] = name.hasPrefix("rsa") ? "rsa-pss-sha256" : "rsa-sha256"
                count += 1
            case "jwt":
                let names = config["algorithms"] as? [String] ?? ["HS256"]
                config["algorithms"] = names.map { $0.prefix(2) + "512" }
                count += 1
            default: break
            }
            object["config"] = config
        }
        return object.mapValues { alter($0, &count) }
    }

    // MARK: Several signatures, several secrets

    /// A wrong signature before, after, and on both sides of the right one: one that matches is enough.
    func severalSignatures() -> [DerivedNegative] {
        guard let scheme = splitScheme else { return [] }
        let names = file.derivation.signatureHeaders.map { $0.lowercased() }
        var made: [DerivedNegative] = []
        for (place, header) in origin.request.headers.enumerated()
        where names.contains(header.name.lowercased()) {
            let parts = header.value.components(separatedBy: scheme.separator)
            guard
                let right = parts.firstIndex(where: {
                    $0.trimmingCharacters(in: .whitespaces).hasPrefix(scheme.prefix)
                })
            else { continue }
            let wrong = changingOneDigit(parts[right])
            var before = parts
            before.insert(wrong, at: right)
            var after = parts
            after.insert(wrong, at: right + 1)
            var alone = parts
            alone[right] = wrong
            for (name, parts, expectation) in [
                ("a wrong signature before it", before, Expectation.accepted),
                ("a wrong signature after it", after, .accepted),
                ("two wrong signatures", alone + [wrong], .refused),
            ] {
                var request = origin.request
                request.headers[place].value = parts.joined(separator: scheme.separator)
                made.append(make(name, request: request, expectation))
            }
        }
        return made
    }

    private typealias Expectation = DerivedNegative.Expectation

    /// The separator and prefix of a header with several signatures; nil when the recipe has none.
    private var splitScheme: (separator: String, prefix: String)? {
        func find(_ value: JSONValue) -> (String, String)? {
            if let separator = value["split"]?.stringValue {
                return (separator, value["prefix"]?.stringValue ?? "")
            }
            let members = value.objectValue?.map(\.value) ?? value.arrayValue ?? []
            return members.lazy.compactMap(find).first
        }
        let webhook = Recipe.byName[file.recipe]?.value?["config"]?["webhook"]
        return find(webhook?["signature_verification"] ?? .null)
    }

    /// The right secret as the previous one, beside a new one; and beside it when both are wrong.
    func rotation() -> [DerivedNegative] {
        let text = Recipe.byName[file.recipe]?.text ?? ""
        let members = origin.context.members
        let keys = file.derivation.secrets.filter {
            members[$0] != nil && text.contains("\($0)_previous")
        }
        guard !keys.isEmpty else { return [] }
        var rotated = origin.context
        var wrong = origin.context
        for key in keys {
            let secret = members[key] ?? ""
            rotated = rotated.setting("\(key)_previous", to: secret)
                .setting(key, to: otherSecret(secret))
            wrong = wrong.setting("\(key)_previous", to: otherSecret(secret))
                .setting(key, to: otherSecret(secret))
        }
        return [
            make("the secret before a rotation", context: rotated, .accepted),
            make("neither secret of a rotation", context: wrong, .refused),
        ]
    }
}
