import JSON
import JSONata
import Testing

/// Plain pictures are written by a shorter way, which a time zone, even UTC's, does not take: both give
/// the same.
struct PlainDateTests {
    static let pictures = [
        "[Y0001]-[M01]-[D01] [FNn]", "[Y]/[M]/[D]", "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]",
        "[Y,2]", "[Y01]", "[Y,3-3] [Y##0001]", "[MNn] [MN] [Mn] [FN] [Fn]", "[h]:[m]:[s] [P]",
        "[h#1]h [d001] [F1]", "[H,2-2][m,2-2]", "[[[M,*-2]]", "[M01][D01]", "[Y9,999]", "[DWwo]",
        "[D1o]", "[MI]", "é[D]", "[W] [w] [X] [x]", "[FNn,3-3]", "[Y0001]]]",
    ]
    static let instants = [
        0, 1, 999, 1_715_690_399_000, 951_782_400_000, -1, -62_167_219_200_000,
        -62_167_219_200_001, 253_402_300_799_999, 253_402_300_800_000, 8.64e15, 8.64e15 + 1, 1.5,
    ]

    @Test(arguments: pictures)
    func `a picture gives the same with and without a time zone`(picture: String) throws {
        let plain = try Expression("$fromMillis($, '\(picture)')")
        let zoned = try Expression("$fromMillis($, '\(picture)', '+0000')")
        for instant in Self.instants {
            let input = JSONValue.number(JSONNumber(instant))
            #expect(outcome(plain, input) == outcome(zoned, input), "\(picture) of \(instant)")
        }
    }

    private func outcome(_ expression: Expression, _ input: JSONValue) -> String {
        do throws(JSONataError) {
            return try expression.evaluate(input)?.jsonString ?? "undefined"
        } catch {
            return error.code
        }
    }
}
