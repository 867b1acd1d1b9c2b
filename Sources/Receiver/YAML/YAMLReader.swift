import JSON

/// Builds the value tree of one YAML document from libyaml's events.
struct YAMLReader {
    let file: String
    let limits: ConfigurationTextLimits
    private let events: YAMLEventStream
    private var anchors: [String: ConfigurationNode] = [:]
    private var openAnchors: Set<String> = []
    private var nodes = 0

    init(bytes: [UInt8], file: String, limits: ConfigurationTextLimits) {
        self.file = file
        self.limits = limits
        events = YAMLEventStream(bytes)
    }

    /// The only document's value; nil when there is none.
    mutating func read() throws(Problem) -> ConfigurationNode? {
        var root: ConfigurationNode?
        var documents = 0
        while true {
            let event = try next()
            switch event.kind {
            case .streamStart, .documentEnd: continue
            case .streamEnd: return root
            case .documentStart:
                documents += 1
                guard documents == 1 else {
                    throw problem(
                        event.mark, "a second document begins here; keep one document in a file")
                }
            default: root = try node(event, depth: 1)
            }
        }
    }

    private func next() throws(Problem) -> YAMLEvent {
        do throws(YAMLSyntaxError) { return try events.next() } catch {
            throw problem(error.mark, error.message)
        }
    }

    private func problem(_ mark: SourceMark, _ message: String, _ key: String = "") -> Problem {
        Problem(file: file, mark: mark, keyPath: key, message: message)
    }

    private mutating func count(_ weight: Int, _ mark: SourceMark) throws(Problem) {
        nodes &+= weight
        guard nodes <= limits.nodesMax else {
            throw problem(
                mark,
                "more than \(limits.nodesMax) values, those that aliases repeat included; "
                    + "split the file or repeat less")
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(Problem) -> ConfigurationNode
    {
        guard depth <= limits.depthMax else {
            throw problem(event.mark, "nested deeper than \(limits.depthMax) levels")
        }
        if event.kind == .alias { return try resolveAlias(event) }
        try count(1, event.mark)
        try checkTag(event)
        if let anchor = event.anchor { openAnchors.insert(anchor) }
        let node: ConfigurationNode
        switch event.kind {
        case .sequenceStart: node = try sequence(event, depth)
        case .mappingStart: node = try mapping(event, depth)
        default: node = ConfigurationNode(content(event), mark: event.mark)
        }
        if let anchor = event.anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = node
        }
        return node
    }

    private mutating func resolveAlias(_ event: YAMLEvent) throws(Problem) -> ConfigurationNode {
        let name = event.anchor ?? ""
        if openAnchors.contains(name) {
            throw problem(event.mark, "the alias *\(name) stands inside its own anchor")
        }
        guard let target = anchors[name] else {
            throw problem(event.mark, "no anchor &\(name) stands before this alias")
        }
        try count(target.weight, event.mark)
        return target
    }

    private func checkTag(_ event: YAMLEvent) throws(Problem) {
        guard let tag = event.tag else { return }
        let known = [
            "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq",
        ]
        guard known.contains(tag) else {
            throw problem(
                event.mark,
                "the tag \(tag) is not supported; remove it (only !!str changes a value)")
        }
    }

    /// A quoted scalar and one tagged `!!str` are strings; a plain one is what the schema says.
    private func content(_ event: YAMLEvent) -> ConfigurationNode.Content {
        if event.isPlain, event.tag == nil { return CoreSchema.resolve(event.value) }
        return .string(event.value)
    }

    private mutating func sequence(_ start: YAMLEvent, _ depth: Int) throws(Problem)
        -> ConfigurationNode
    {
        var elements: [ConfigurationNode] = []
        while true {
            let event = try next()
            if event.kind == .sequenceEnd { break }
            elements.append(try node(event, depth: depth + 1))
        }
        return ConfigurationNode(.sequence(elements), mark: start.mark)
    }

    private mutating func mapping(_ start: YAMLEvent, _ depth: Int) throws(Problem)
        -> ConfigurationNode
    {
        var members: [ConfigurationNode.Member] = []
        var seen: [CodeUnits: SourceMark] = [:]
        while true {
            let event = try next()
            if event.kind == .mappingEnd { break }
            guard event.kind == .scalar else {
                throw problem(event.mark, "a key must be a string; write it as plain text")
            }
            try count(1, event.mark)
            let key = event.value
            if event.isPlain, key == "<<" {
                throw problem(
                    event.mark,
                    "merge keys are not part of YAML 1.2 and not supported; repeat the keys", key)
            }
            if let first = seen.updateValue(event.mark, forKey: CodeUnits(key)) {
                throw ConfigurationText.duplicate(key, file: file, mark: event.mark, first: first)
            }
            let value = try node(try next(), depth: depth + 1)
            members.append(
                ConfigurationNode.Member(key: key, mark: event.mark, value: value))
        }
        return ConfigurationNode(.mapping(members), mark: start.mark)
    }
}
