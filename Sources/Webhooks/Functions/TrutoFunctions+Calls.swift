import JSON
import JSONata

/// Truto's functions that take functions.
extension TrutoFunctions {
    static let finders: [CustomFunction] = [
        CustomFunction("find", arity: 2) { (call: inout CustomFunction.Call) throws(JSONataError) in
            for (place, item) in elements(given(call.arguments, 0)).enumerated()
            where try isMatch(item, place, &call) {
                return item
            }
            return nil
        },
        CustomFunction("lofilter", arity: 2) {
            (call: inout CustomFunction.Call) throws(JSONataError) in
            var found: [JSONValue] = []
            for (place, item) in elements(given(call.arguments, 0)).enumerated()
            where try isMatch(item, place, &call) {
                found.append(item)
            }
            return .array(found)
        },
    ]

    private static func isMatch(
        _ item: JSONValue, _ place: Int, _ call: inout CustomFunction.Call
    ) throws(JSONataError) -> Bool {
        try call.step()
        guard call.isFunction(1) else { return matches(item, given(call.arguments, 1)) }
        let index = JSONValue.number(JSONNumber(Double(place)))
        return try call.call(1, item, index).map { !isFalsy($0) } ?? false
    }

    /// Those that replace JSONata's own: they take null and what is no object.
    static let replacements: [CustomFunction] = [
        CustomFunction("join", arity: 2) { (arguments, _) throws(JSONataError) in
            let separator = string(arguments, 1) ?? ","
            let parts = elements(given(arguments, 0)).map { $0.isNull ? "" : text($0) }
            return .string(parts.joined(separator: separator))
        },
        CustomFunction("each", arity: 2) { (call: inout CustomFunction.Call) throws(JSONataError) in
            var results: [JSONValue] = []
            for (key, value) in given(call.arguments, 0)?.objectValue ?? JSONObject() {
                if let result = try call.call(1, value, .string(key), call.arguments[0]) {
                    results.append(result)
                }
            }
            return results.count > 1 ? .array(results) : results.first
        },
        CustomFunction("sift", arity: 2) { (call: inout CustomFunction.Call) throws(JSONataError) in
            var kept = JSONObject()
            for (key, value) in given(call.arguments, 0)?.objectValue ?? JSONObject() {
                let result = try call.call(1, value, .string(key), call.arguments[0])
                if let result, !isFalsy(result) { kept[key] = value }
            }
            if kept.isEmpty { return nil }
            return .object(kept)
        },
    ]
}
