import JSON

/// One part of an XML document.
indirect enum XMLPart {
    case element(XMLElement)
    case text(String)
    case cdata(String)
    case comment(String)
    case instruction(name: String, text: String)
}

/// An element: its name, its attributes and what is in it, in order.
struct XMLElement {
    var name: String
    var attributes: JSONObject
    var parts: [XMLPart] = []
}

/// A document: its declaration and what is outside and inside its root.
struct XMLDocument {
    var declaration: JSONObject?
    var parts: [XMLPart] = []
}

extension XMLDocument {
    /// The compact form of the npm package `xml-js`: elements are members, `_attributes` and `_text` beside
    /// them, and what is there more than once is an array.
    var compact: JSONValue {
        var object = JSONObject()
        if let declaration {
            object["_declaration"] =
                declaration.count == 0 ? [:] : ["_attributes": .object(declaration)]
        }
        return .object(Self.compact(parts, object))
    }

    private static func compact(_ parts: [XMLPart], _ start: JSONObject) -> JSONObject {
        var names = JSONObject()
        var members: [(key: String, values: [JSONValue])] = []
        func add(_ key: String, _ value: JSONValue) {
            if let place = names[key]?.intValue {
                members[place].values.append(value)
            } else {
                names[key] = .number(JSONNumber(Double(members.count)))
                members.append((key, [value]))
            }
        }
        for part in parts {
            switch part {
            case .text(let text): add("_text", .string(text))
            case .cdata(let text): add("_cdata", .string(text))
            case .comment(let text): add("_comment", .string(text))
            case .instruction(let name, let text): add("_instruction", [name: .string(text)])
            case .element(let element):
                var inner = JSONObject()
                if element.attributes.count > 0 {
                    inner["_attributes"] = .object(element.attributes)
                }
                add(element.name, .object(compact(element.parts, inner)))
            }
        }
        var object = start
        for (key, values) in members {
            object[key] = values.count == 1 ? values[0] : .array(values)
        }
        return object
    }

    /// The other form, which keeps the order: `elements` with a `type` each.
    var ordered: JSONValue {
        var object = JSONObject()
        if let declaration {
            object["declaration"] =
                declaration.count == 0 ? [:] : ["attributes": .object(declaration)]
        }
        if !parts.isEmpty { object["elements"] = .array(parts.map(Self.ordered)) }
        return .object(object)
    }

    private static func ordered(_ part: XMLPart) -> JSONValue {
        switch part {
        case .text(let text): return ["type": "text", "text": .string(text)]
        case .cdata(let text): return ["type": "cdata", "cdata": .string(text)]
        case .comment(let text): return ["type": "comment", "comment": .string(text)]
        case .instruction(let name, let text):
            return [
                "type": "instruction", "name": .string(name), "instruction": .string(text),
            ]
        case .element(let element):
            var object: JSONObject = ["type": "element", "name": .string(element.name)]
            if element.attributes.count > 0 { object["attributes"] = .object(element.attributes) }
            if !element.parts.isEmpty {
                object["elements"] = .array(element.parts.map(ordered))
            }
            return .object(object)
        }
    }
}
