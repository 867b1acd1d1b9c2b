import Cryptography
import JSON

/// Where placeholders look their roots up, in the order that request data can never shadow: the
/// account's context and `environment_variables`, then what the caller adds (`signature`, `item`),
/// then the request.
struct PlaceholderScope {
    let context: RequestContext
    /// Roots of the moment: parameters of a signature header, an element, a digest's secret.
    var extra: [String: JSONValue] = [:]

    init(_ context: RequestContext) { self.context = context }

    /// What a placeholder came to.
    enum Found {
        case value([UInt8])
        case list([[UInt8]])
        case missing(isOptional: Bool)
    }

    /// The value of one placeholder.
    func resolve(_ placeholder: Placeholder) -> Found {
        for alternative in placeholder.alternatives {
            for path in alternative.paths {
                if path == [.key("raw_body")], extra["raw_body"] == nil,
                    context.transformed["raw_body"] == nil,
                    context.account.context["raw_body"] == nil
                {
                    return .value(context.request.body)
                }
                guard let value = lookup(path), !value.isNull else { continue }
                if alternative.type == .any, let items = value.arrayValue {
                    return .list(items.map(Self.bytes))
                }
                let bytes = Self.bytes(value)
                if bytes.isEmpty, placeholder.ignoresEmptyStrings { continue }
                return .value(bytes)
            }
        }
        if let value = placeholder.defaultValue { return .value(Array(value.text.utf8)) }
        return .missing(isOptional: placeholder.undefinedWhenMissing)
    }

    /// The bytes of a template; a list only when the whole of it is one placeholder of type `any`.
    func render(_ template: PlaceholderTemplate) -> Found {
        if let whole = template.whole { return resolve(whole) }
        var out: [UInt8] = []
        for segment in template.segments {
            switch segment {
            case .literal(let bytes): out += bytes
            case .placeholder(let placeholder):
                switch resolve(placeholder) {
                case .value(let bytes): out += bytes
                case .list(let items): out += Array(items.joined(separator: [UInt8(ascii: ",")]))
                case .missing(isOptional: true): continue
                case .missing(isOptional: false): return .missing(isOptional: false)
                }
            }
        }
        return .value(out)
    }

    /// The text of a template, nil when something is missing.
    func text(_ template: PlaceholderTemplate) -> String? {
        guard case .value(let bytes) = render(template) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func lookup(_ path: [PathStep]) -> JSONValue? {
        guard case .key(let root)? = path.first else { return nil }
        if root == "environment_variables", path.count > 1, case .key(let name) = path[1] {
            guard let secret = context.environmentVariables[name] else { return nil }
            return walk(.string(secret.text), path.dropFirst(2))
        }
        if let value = context.account.context[root] { return walk(value, path.dropFirst()) }
        if let value = extra[root] { return walk(value, path.dropFirst()) }
        if root == "headers", path.count == 2, case .key(let name) = path[1],
            context.transformed["headers"] == nil
        {
            // Straight from the received fields: no object of all headers is made.
            return context.request.fields.header(named: name).flatMap {
                name == name.lowercased() ? .string($0) : nil
            }
        }
        return context.member(root).flatMap { walk($0, path.dropFirst()) }
    }

    private func walk(_ value: JSONValue, _ path: ArraySlice<PathStep>) -> JSONValue? {
        var current = value
        for step in path {
            switch step {
            case .key("length") where current.kind == .array:
                current = .number(JSONNumber(Double(current.arrayValue?.count ?? 0)))
            case .key(let name):
                guard let member = current[name] else { return nil }
                current = member
            case .index(let index):
                guard current.kind == .array else { return nil }
                let count = current.arrayValue?.count ?? 0
                guard let element = current[index < 0 ? count + index : index] else { return nil }
                current = element
            case .pattern(let pattern):
                guard let member = current.objectValue?.first(where: { pattern.matches($0.key) })
                else { return nil }
                current = member.value
            }
        }
        return current
    }

    /// A value as it is spliced: strings as they are, numbers as written, containers as JSON.
    private static func bytes(_ value: JSONValue) -> [UInt8] {
        value.stringValue.map { Array($0.utf8) } ?? value.serialized()
    }
}
