extension PlaceholderTemplate {
    /// Compiles a text.
    ///
    /// Grammar: `{{ alt ( | alt )* [ ?: default ] }}`, `alt = path[:type[:flag]…]`. A placeholder
    /// holds ASCII letters, digits, white space and `_ - . / | : ?`; anything else between
    /// braces is plain text.
    ///
    /// - Throws: for an unknown type or a path that is empty.
    package static func parse(
        _ source: String
    ) throws(PlaceholderError) -> PlaceholderTemplate {
        let bytes = Array(source.utf8)
        var segments: [Segment] = []
        var literal: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            guard let end = placeholderEnd(bytes, from: offset) else {
                literal.append(bytes[offset])
                offset += 1
                continue
            }
            if !literal.isEmpty {
                segments.append(.literal(literal))
                literal = []
            }
            let inside = String(decoding: bytes[(offset + 2)..<(end - 2)], as: UTF8.self)
            segments.append(.placeholder(try Placeholder.parse(inside)))
            offset = end
        }
        if !literal.isEmpty { segments.append(.literal(literal)) }
        return PlaceholderTemplate(source: source, segments: segments)
    }

    /// The offset after `}}` when a placeholder starts at `start`.
    private static func placeholderEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        let open = UInt8(ascii: "{")
        let close = UInt8(ascii: "}")
        guard start + 4 < bytes.count, bytes[start] == open, bytes[start + 1] == open else {
            return nil
        }
        var offset = start + 2
        while offset < bytes.count, isPlaceholderByte(bytes[offset]) { offset += 1 }
        guard offset > start + 2, offset + 1 < bytes.count,
            bytes[offset] == close, bytes[offset + 1] == close
        else { return nil }
        return offset + 2
    }

    private static func isPlaceholderByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "|"), UInt8(ascii: ":"),
            UInt8(ascii: "?"), UInt8(ascii: " "), 0x09...0x0D:
            true
        default: false
        }
    }
}

extension Placeholder {
    /// Compiles what stands between the braces.
    static func parse(_ inside: String) throws(PlaceholderError) -> Placeholder {
        let text = "{{" + inside + "}}"
        // Split once on `?:`; what follows a second one is dropped.
        let halves = inside.split(on: "?:")
        var alternatives: [Alternative] = []
        for part in halves[0].split(separator: "|", omittingEmptySubsequences: false) {
            alternatives.append(try alternative(String(part), of: text))
        }
        var defaultValue: DefaultValue?
        if halves.count > 1, !halves[1].isEmpty {
            let parts = splitModifiers(halves[1])
            let type = try placeholderType(parts.count > 1 ? parts[1] : "str", of: text)
            if !parts[0].isEmpty { defaultValue = DefaultValue(text: parts[0], type: type) }
        }
        let left = halves[0]
        return Placeholder(
            text: text, alternatives: alternatives, defaultValue: defaultValue,
            nullWhenMissing: left.contains(":null"),
            undefinedWhenMissing: left.contains(":undefined"),
            ignoresEmptyStrings: left.contains(":ignore-empty-str"))
    }

    private static func alternative(
        _ part: String, of text: String
    ) throws(PlaceholderError) -> Alternative {
        let parts = splitModifiers(part)
        let type = try placeholderType(parts.count > 1 ? trimmed(parts[1]) : "str", of: text)
        let paths = trimmed(parts[0]).split(whereSeparator: isSpace).map { path in
            pathComponents(String(path)).map(pathStep)
        }
        guard !paths.isEmpty, paths.allSatisfy({ !$0.isEmpty && $0 != [.key("")] }) else {
            throw PlaceholderError(placeholder: text, message: "there is no path in it")
        }
        return Alternative(paths: paths, type: type)
    }

    /// Splits at a `:` that a word character or a space follows, so that `https://…` stays whole.
    private static func splitModifiers(_ part: String) -> [String] {
        var parts: [String] = [""]
        let characters = Array(part)
        for (index, character) in characters.enumerated() {
            let next = index + 1 < characters.count ? characters[index + 1] : nil
            if character == ":", let next, next == "_" || next == " " || next.isWordCharacter {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts
    }

    private static func placeholderType(
        _ name: String, of text: String
    ) throws(PlaceholderError) -> PlaceholderType {
        if let type = PlaceholderType(rawValue: name) { return type }
        throw PlaceholderError(
            placeholder: text,
            message: "there is no type `\(name)`; the types are str, int, num, bool, json, null, "
                + "undefined, ignore-empty-str and any")
    }

    /// Splits at `.`, but not inside a `/pattern/`.
    private static func pathComponents(_ path: String) -> [String] {
        path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    private static func pathStep(_ component: String) -> PathStep {
        if let index = Int(component), component != "+\(index)", component == "\(index)" {
            return .index(index)
        }
        if let pattern = NamePattern(component) { return .pattern(pattern) }
        return .key(component)
    }

    private static func trimmed(_ text: String) -> String {
        var characters = Substring(text)
        while let first = characters.first, isSpace(first) { characters.removeFirst() }
        while let last = characters.last, isSpace(last) { characters.removeLast() }
        return String(characters)
    }

    private static func isSpace(_ character: Character) -> Bool {
        character == " " || character.isNewline || character == "\t" || character == "\u{0B}"
            || character == "\u{0C}"
    }
}

extension NamePattern {
    /// The pattern of `/text/flags`; nil when the component is not one.
    fileprivate init?(_ component: String) {
        guard component.hasPrefix("/"), let end = component.lastIndex(of: "/"),
            end > component.startIndex
        else { return nil }
        let flags = component[component.index(after: end)...]
        guard flags.allSatisfy({ "dgimsuy".contains($0) }) else { return nil }
        let ignoresCase = flags.contains("i")
        var items: [Item] = []
        for byte in component[component.index(after: component.startIndex)..<end].utf8 {
            if byte == UInt8(ascii: "?") {
                // `a??` is the lazy form, which matches the same names.
                guard let last = items.popLast() else { return nil }
                items.append(Item(byte: last.byte, isOptional: true))
            } else {
                items.append(
                    Item(byte: ignoresCase ? asciiLowercased(byte) : byte, isOptional: false))
            }
        }
        self.init(items: items, ignoresCase: ignoresCase)
    }
}

extension Character {
    fileprivate var isWordCharacter: Bool { isASCII && (isLetter || isNumber) }
}

extension String {
    /// The parts between every occurrence of a separator, at least one.
    fileprivate func split(on separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        parts.append(String(rest))
        return parts
    }
}
