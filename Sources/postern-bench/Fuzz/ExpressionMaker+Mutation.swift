extension ExpressionMaker {
    /// An expression to try.
    mutating func next() -> String {
        if random.oneIn(12) { return noise() }
        if corpus.isEmpty || random.oneIn(3) { return expression(2 + random.below(5)) }
        var tokens = Self.tokens(random.pick(corpus))
        for _ in 0...random.below(4) { mutate(&tokens) }
        return tokens.joined()
    }

    /// Bytes and characters without any sense: what a scanner must get through.
    private mutating func noise() -> String {
        let count = random.below(random.pick([8, 60, 400], or: 8)) + 1
        if random.oneIn(2) {
            return String(
                decoding: (0..<count).map { _ in UInt8(random.below(256)) }, as: UTF8.self)
        }
        var text = ""
        let signs = Array("\"'`/\\*$()[]{}|<>?:;,.~^@#%&=! \n\t09aeEu_-+".unicodeScalars)
        for _ in 0..<count {
            let scalar =
                random.oneIn(6)
                ? Unicode.Scalar(UInt32(random.below(0x110000))) : random.pick(signs, or: "(")
            text.unicodeScalars.append(scalar ?? "\u{FFFD}")
        }
        return text
    }

    private mutating func mutate(_ tokens: inout [String]) {
        guard !tokens.isEmpty else { return }
        let place = random.below(tokens.count)
        let end = min(tokens.count, place + 1 + random.below(6))
        switch random.below(9) {
        case 0: tokens.removeSubrange(place..<end)
        case 1: tokens.insert(contentsOf: tokens[place..<end], at: random.below(tokens.count))
        case 2: tokens.swapAt(place, random.below(tokens.count))
        case 3: tokens[place] = expression(2)
        case 4: tokens[place] = random.pick(Self.operators)
        case 5:
            let other = Self.tokens(random.pick(corpus))
            guard !other.isEmpty else { return }
            let start = random.below(other.count)
            tokens.insert(
                contentsOf: other[start..<min(other.count, start + random.below(12))], at: place)
        case 6:
            // Long and deep ones: what a recursive parser or evaluator breaks on.
            let count = random.pick([3, 30, 300, 3000], or: 3)
            let part = Array(tokens[place..<end])
            let copies = Array(repeatElement(part, count: min(count, 20_000 / part.count)).joined())
            tokens.insert(contentsOf: copies, at: place)
        case 7:
            var bytes = Array(tokens[place].utf8)
            if !bytes.isEmpty { bytes[random.below(bytes.count)] = UInt8(random.below(128)) }
            tokens[place] = String(decoding: bytes, as: UTF8.self)
        default:
            let open = random.pick([
                "(", "[", "{\"a\":", "-", "$string(", "function(){", "a[", "$.",
            ])
            tokens.insert(String(repeating: open, count: 1 + random.below(400)), at: place)
        }
    }

    /// Words, numbers and signs, with the white space between them.
    static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        for character in text.unicodeScalars {
            let isWord =
                character.properties.isAlphabetic || character == "$" || character == "_"
                || character >= "0" && character <= "9"
            if !isWord, !word.isEmpty {
                tokens.append(word)
                word = ""
            }
            if isWord {
                word.unicodeScalars.append(character)
            } else {
                tokens.append(String(character))
            }
        }
        if !word.isEmpty { tokens.append(word) }
        return tokens
    }
}
