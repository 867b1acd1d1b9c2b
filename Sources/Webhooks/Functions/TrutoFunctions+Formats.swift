import JSON
import JSONata

/// URLs, query strings, XML and times.
extension TrutoFunctions {
    static let query: [CustomFunction] = [
        CustomFunction("parseQuery", arity: 2) { (arguments, _) throws(JSONataError) in
            string(arguments, 0).map(QueryString.parse)
        },
        CustomFunction("stringifyQuery", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let object = given(arguments, 0)?.objectValue else { return nil }
            let options = given(arguments, 1)
            let format = options?["arrayFormat"]?.stringValue
                .flatMap(QueryString.ArrayFormat.init(rawValue:))
            let text = QueryString.string(object, format ?? .indices)
            let isPrefixed = options?["addQueryPrefix"]?.boolValue == true && !text.isEmpty
            return .string(isPrefixed ? "?" + text : text)
        },
        CustomFunction("parseUrl", arity: 1) { (arguments, _) throws(JSONataError) in
            guard let text = string(arguments, 0) else { return nil }
            guard let url = URLText.parse(text) else {
                throw JSONataError(code: "P0004", message: "$parseUrl: this is no absolute URL")
            }
            return .object(url)
        },
    ]

    static let formats: [CustomFunction] = [
        CustomFunction("xmlToJs", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let text = string(arguments, 0) else { return nil }
            do throws(XMLReader.Failure) {
                let document = try XMLReader.read(text)
                let isCompact = given(arguments, 1)?["compact"]?.boolValue ?? true
                return isCompact ? document.compact : document.ordered
            } catch {
                throw JSONataError(
                    code: "P0005", message: "$xmlToJs, byte \(error.offset): \(error.reason)")
            }
        },
        CustomFunction("jsToXml", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let value = given(arguments, 0) else { return nil }
            do throws(XMLText.Failure) {
                let spaces = given(arguments, 1)?["spaces"]?.intValue ?? 4
                return .string(try XMLText.write(value, spaces: spaces))
            } catch {
                throw JSONataError(code: "P0005", message: "$jsToXml: \(error.reason)")
            }
        },
        CustomFunction("dtFromIso", arity: 2) { (arguments, environment) throws(JSONataError) in
            guard let text = string(arguments, 0) else { return nil }
            return try time(text, "ISO", given(arguments, 1), environment)
        },
        CustomFunction("dtFromFormat", arity: 3) { (arguments, environment) throws(JSONataError) in
            guard let value = given(arguments, 0), let format = string(arguments, 1) else {
                return nil
            }
            return try time(text(value), format, given(arguments, 2), environment)
        },
    ]

    /// The time as ISO 8601, which is what Truto's object is as JSON; null for none.
    private static func time(
        _ text: String, _ format: String, _ options: JSONValue?,
        _ environment: EvaluationEnvironment
    ) throws(JSONataError) -> JSONValue {
        let name = options?.stringValue ?? options?["zone"]?.stringValue
        guard let zone = DateTimeText.offset(ofZone: name ?? "utc") else {
            throw JSONataError(
                code: "P0006", message: "a zone must be utc or an offset such as UTC+2 or +02:00")
        }
        let reader = DateTimeText(zoneMinutes: zone, nowMilliseconds: environment.nowMilliseconds)
        return reader.read(text, format).map(JSONValue.string) ?? .null
    }
}
