import Cryptography
import JSON

/// Where placeholders look their roots up: what the caller adds (`signature`, `item`), the account's
/// context and `environment_variables`, which request data can never shadow, then the request. An
/// update of a context cannot add a key with one of the request's names (`RequestContext.isReserved`).
struct PlaceholderScope {
    let context: RequestContext
    /// Roots of the moment: parameters of a signature header, an element, a digest's secret.
    var extra: [String: JSONValue] = [:]

    private var seesRequest = true

    init(_ context: RequestContext) { self.context = context }

    /// The same without the request and the roots of the moment: all that a secret may be made of.
    /// Of a transform's result only the members that its text names are there, which the author
    /// of the integration wrote, not those that it took over from the request.
    var trusted: PlaceholderScope {
        var scope = PlaceholderScope(context)
        scope.seesRequest = false
        return scope
    }

    /// What a placeholder came to.
    enum Found {
        case value([UInt8])
        case list([[UInt8]])
        case missing(isOptional: Bool)
    }

    /// The bytes of one placeholder.
    func resolve(_ placeholder: Placeholder) -> Found {
        for alternative in placeholder.alternatives {
            for path in alternative.paths {
                if let bytes = received(path, alternative.type) {
                    if bytes.isEmpty, placeholder.ignoresEmptyStrings { continue }
                    return .value(bytes)
                }
                guard let found = lookup(path) else { continue }
                let value = alternative.type.convert(found)
                // null is a value to the grammar; nothing can be signed or compared with it.
                if value.isNull {
                    return placeholder.nullWhenMissing
                        ? .value(Self.null) : .missing(isOptional: placeholder.undefinedWhenMissing)
                }
                if alternative.type == .any, let items = value.arrayValue {
                    return .list(items.map(Self.bytes))
                }
                let bytes = Self.bytes(value)
                if bytes.isEmpty, placeholder.ignoresEmptyStrings { continue }
                return .value(bytes)
            }
        }
        if let value = placeholder.defaultValue {
            return .value(Self.bytes(value.type.convert(.string(value.text))))
        }
        if placeholder.nullWhenMissing { return .value(Self.null) }
        return .missing(isOptional: placeholder.undefinedWhenMissing)
    }

    private static let null = Array("null".utf8)

    /// The bytes of the body or of a header field as they came, without a text being made of them, when
    /// nothing of a higher rank has that name.
    private func received(_ path: [PathStep], _ type: PlaceholderType) -> [UInt8]? {
        guard case .key(let root)? = path.first else { return nil }
        if path.count == 1, root == "raw_body" {
            return isReceived(root) ? context.request.body : nil
        }
        guard path.count == 2, root == "headers", type == .string, case .key(let name) = path[1],
            !name.utf8.contains(where: { asciiLowercased($0) != $0 })
        else { return nil }
        return header(Array(name.utf8))
    }

    /// True when a root means the member of the request.
    private func isReceived(_ root: String) -> Bool {
        seesRequest && extra[root] == nil && context.transformed[root] == nil
            && context.account.context[root] == nil
    }

    /// The joined values of a field, given in lower case; nil when there is none, when it is not ASCII, and
    /// when `headers` means something else.
    private func header(_ lowercasedName: [UInt8]) -> [UInt8]? {
        var value: [UInt8] = []
        guard isReceived("headers"),
            context.request.fields.appendJoined(lowercasedName, to: &value),
            value.allSatisfy({ $0 < 0x80 })
        else { return nil }
        return value
    }

    /// The bytes of a header field, given in lower case, where `header(_:)` would give the same: when there
    /// is one field of that name, and something in it.
    func onlyField(_ lowercasedName: [UInt8]) -> ArraySlice<UInt8>? {
        guard isReceived("headers"),
            let value = context.request.fields.only(named: lowercasedName.span),
            !value.isEmpty, value.allSatisfy({ $0 < 0x80 })
        else { return nil }
        return value
    }

    /// The bytes of a template; a list only when the whole of it is one placeholder of type `any`.
    func render(_ template: PlaceholderTemplate) -> Found {
        if let name = template.headerName, let value = header(name), !value.isEmpty {
            return .value(value)
        }
        if template.segments.count == 1 {
            switch template.segments[0] {
            case .literal(let bytes): return .value(bytes)
            case .placeholder(let whole): return resolve(whole)
            }
        }
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
        if let value = extra[root] { return walk(value, path.dropFirst()) }
        if let value = context.account.context[root] { return walk(value, path.dropFirst()) }
        if root == "context" { return walk(.object(context.account.context), path.dropFirst()) }
        guard seesRequest else {
            return context.written(root).flatMap { walk($0, path.dropFirst()) }
        }
        if root == "headers", path.count == 2, case .key(let name) = path[1],
            context.transformed["headers"] == nil
        {
            // Straight from the received fields: no object of all headers is made.
            guard !name.utf8.contains(where: { asciiLowercased($0) != $0 }) else { return nil }
            return context.request.fields.header(named: name).map(JSONValue.string)
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
            case .index(let index) where current.kind == .array:
                let count = current.arrayValue?.count ?? 0
                guard let element = current[index < 0 ? count + index : index] else { return nil }
                current = element
            // An index finds nothing in an object, except among the numbered parts of a signature.
            case .index(let index):
                guard let member = extra["signature"]?[String(index)], current == extra["signature"]
                else { return nil }
                current = member
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
