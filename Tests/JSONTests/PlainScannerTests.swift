import JSON
import Testing

/// What is written as usual is taken a short way, which must lead where the long one leads.
struct PlainScannerTests {
    private static let seeds = [
        #"{"a":"b","c":1,"d":-2.5,"e":true,"f":false,"g":null,"h":{},"i":[],"j":{"k":[1,"l",[{"m":2}]]}}"#,
        #"{"a": "b", "c": 1, "d": -2.5, "e": true, "f": [1, "l", [{"m": 2}, {}], "n"], "g": {"h": "i"}}"#,
        #"[[1,2,3],["a","b"],[{"a":"b"},{"c":"d"}],"é","x\ny",0,-0,0.5,1e5,12345678901234567890]"#,
        #"{"id":5500123400001,"items":[{"price":"14.50","n":2},{"price":"8.00","n":1}],"z":"end"}   "#,
        "[ 1 ,\n {\"a\" :\t\"b\" , \"c\":[ ]} ]",
    ]
    private static let bytes = Array("{}[]\",:0123456789.-+eE \n\\tfn\u{0}\u{1F}ué".utf8)

    /// Entries of the tape, or where and why the text is refused.
    private static func outcome(_ text: [UInt8], takesPlain: Bool, depthMax: Int) -> String {
        do {
            let document = try JSONDocument(
                parsing: text, limits: JSONLimits(depthMax: depthMax), takesPlain: takesPlain)
            return document.entries.map { "\($0)" }.joined(separator: "\n")
        } catch {
            return "\(error.code) at \(error.offset)"
        }
    }

    @Test(arguments: seeds)
    func `the short way gives the tape and the errors of the long one`(seed: String) {
        var random = SplitMix(state: 42)
        // Strings in front move what follows over the ends of blocks and windows.
        for padding in [0, 30, 61, 200, 4_040, 4_094] {
            let pad = Array(("[\"" + String(repeating: "p", count: padding) + "\",").utf8)
            for round in 0..<400 {
                var text = pad + Array(seed.utf8) + Array("]".utf8)
                for _ in 0..<(round % 4) {
                    let place = pad.count + random.below(text.count - pad.count)
                    let byte = Self.bytes[random.below(Self.bytes.count)]
                    switch random.below(3) {
                    case 0: text[place] = byte
                    case 1: text.insert(byte, at: place)
                    default: text.remove(at: place)
                    }
                }
                let depthMax = 2 + random.below(6)
                #expect(
                    Self.outcome(text, takesPlain: true, depthMax: depthMax)
                        == Self.outcome(text, takesPlain: false, depthMax: depthMax))
            }
        }
    }

    /// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
    private struct SplitMix {
        var state: UInt64

        mutating func below(_ count: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ (z >> 31)) % UInt64(max(1, count)))
        }
    }
}
