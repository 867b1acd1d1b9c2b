import Foundation
import JSON
import TestSupport
import Testing

/// The cases of "Parsing JSON is a Minefield", read where they lie.
struct ParsingSuiteTests {
    static let folder = Folders.shared("json/test_parsing")

    static func cases(_ prefix: String) -> [String] {
        guard let folder else {
            print("skipped: ../shared/json/test_parsing is not there")
            return []
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(".json") }.sorted()
    }

    static func parse(_ name: String) throws -> Result<JSONDocument, JSONError> {
        let folder = try #require(folder)
        let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
        do throws(JSONError) {
            return .success(try JSONDocument(parsing: bytes))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: cases("y_"))
    func `a valid text is accepted and read like another reader reads it`(name: String) throws {
        let document = try Self.parse(name).get()
        // Our compact text of the value read out must mean the same to Foundation.
        let ours = try JSONSerialization.jsonObject(
            with: Data(document.root.value.serialized()), options: .fragmentsAllowed)
        let theirs = try? JSONSerialization.jsonObject(
            with: Data(document.bytes), options: .fragmentsAllowed)
        if let theirs { #expect((ours as? NSObject) == (theirs as? NSObject)) }
    }

    @Test(arguments: cases("n_"))
    func `an invalid text is refused`(name: String) throws {
        #expect(throws: JSONError.self) { try Self.parse(name).get() }
    }

    /// Where RFC 8259 leaves the choice, what is decided: true is accepted.
    static let decided: [String: Bool] = [
        // Numbers beyond a double are kept as text; as doubles they are infinite or zero.
        "i_number_double_huge_neg_exp.json": true, "i_number_huge_exp.json": true,
        "i_number_neg_int_huge_exp.json": true, "i_number_pos_double_huge_exp.json": true,
        "i_number_real_neg_overflow.json": true, "i_number_real_pos_overflow.json": true,
        "i_number_real_underflow.json": true, "i_number_too_big_neg_int.json": true,
        "i_number_too_big_pos_int.json": true, "i_number_very_big_negative_int.json": true,
        // Escaped lone surrogates are kept as escapes.
        "i_object_key_lone_2nd_surrogate.json": true,
        "i_string_1st_surrogate_but_2nd_missing.json": true,
        "i_string_1st_valid_surrogate_2nd_invalid.json": true,
        "i_string_incomplete_surrogate_and_escape_valid.json": true,
        "i_string_incomplete_surrogate_pair.json": true,
        "i_string_incomplete_surrogates_escape_valid.json": true,
        "i_string_invalid_lonely_surrogate.json": true,
        "i_string_invalid_surrogate.json": true,
        "i_string_inverted_surrogates_U+1D11E.json": true,
        "i_string_lone_second_surrogate.json": true,
        // Bytes that are not UTF-8 are refused, and so are other encodings and the byte order mark.
        "i_string_UTF-16LE_with_BOM.json": false, "i_string_UTF-8_invalid_sequence.json": false,
        "i_string_UTF8_surrogate_U+D800.json": false, "i_string_invalid_utf-8.json": false,
        "i_string_iso_latin_1.json": false, "i_string_lone_utf8_continuation_byte.json": false,
        "i_string_not_in_unicode_range.json": false,
        "i_string_overlong_sequence_2_bytes.json": false,
        "i_string_overlong_sequence_6_bytes.json": false,
        "i_string_overlong_sequence_6_bytes_null.json": false,
        "i_string_truncated-utf-8.json": false, "i_string_utf16BE_no_BOM.json": false,
        "i_string_utf16LE_no_BOM.json": false,
        "i_structure_UTF-8_BOM_empty_object.json": false,
        // 500 levels are within the default depth.
        "i_structure_500_nested_arrays.json": true,
    ]

    @Test(arguments: cases("i_"))
    func `a text that the RFC leaves open is treated as decided`(name: String) throws {
        guard let accepted = Self.decided[name] else {
            Issue.record("\(name) is not decided")
            return
        }
        let result = try Self.parse(name)
        #expect(((try? result.get()) != nil) == accepted)
    }
}
