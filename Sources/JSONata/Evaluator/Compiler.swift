internal import JSON

/// Lays a tree out as `Code`.
struct Compiler {
    var code: Code
    let functions: FunctionTable

    /// The code of `tree`, beside what `code` holds already; `root` is its place.
    static func compile(
        _ tree: Node, into code: consuming Code = Code(), _ functions: FunctionTable
    ) -> Code {
        var compiler = Compiler(code: code, functions: functions)
        let (nodes, bound) = (compiler.code.nodes.count, compiler.code.bound.count)
        compiler.code.root = compiler.add(tree)
        // What is added may bind a name of what was there.
        compiler.code.markFreeVariables(
            from: compiler.code.bound.count == bound ? nodes : 0)
        return compiler.code
    }

    private mutating func add(_ node: Node?) -> Int32 {
        guard let node else { return -1 }
        let place = code.nodes.count
        code.nodes.append(
            Code.Node(kind: node.kind, position: Int32(truncatingIfNeeded: node.position)))
        var made = code.nodes[place]
        made.operation =
            node.kind == .binary ? Code.Operation.signs[node.text] ?? .none : .none
        made.flags = flags(of: node)
        if node.kind == .bind, let variable = node.lhs { _ = code.boundName(variable.text) }
        made.lhs = add(node.lhs)
        made.rhs = add(node.rhs)
        made.third = add(node.third)
        made.list = list(of: node)
        made.detail = detail(of: node)
        switch node.kind {
        case .literal: made.literal = value(node.literal)
        case .name:
            made.name = code.name(node.text)
            made.literal = .string(code.constant(node.text))
        case .variable:
            if !node.text.isEmpty {
                made.name = code.name(node.text)
                made.literal = functions.value(node.text)
            }
        default: break
        }
        code.nodes[place] = made
        return Int32(truncatingIfNeeded: place)
    }

    private mutating func value(_ literal: Literal) -> Value {
        switch literal {
        case .undefined: .undefined
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .number(let number): .number(number)
        case .string(let text): .string(code.constant(text))
        }
    }

    private mutating func list(of node: Node) -> Code.List {
        var entries: [Int32] = []
        if node.kind == .lambda {
            entries = node.nodes.map { code.boundName($0.text) }
        } else {
            for item in node.nodes { entries.append(add(item)) }
            if node.kind == .path { markDescendants(node, entries) }
        }
        for pair in node.pairs { entries += [add(pair.key), add(pair.value)] }
        for term in node.terms { entries += [add(term.expression), term.isDescending ? 1 : 0] }
        let start = code.lists.count
        code.lists.append(contentsOf: entries)
        return Code.List(
            start: Int32(truncatingIfNeeded: start), count: Int32(truncatingIfNeeded: entries.count)
        )
    }

    private mutating func detail(of node: Node) -> Int32 {
        var detail = Code.Detail()
        detail.predicates = stages(node.predicates)
        detail.stages = stages(node.stages)
        detail.group = add(node.group)
        detail.focus = node.focus.map { code.boundName($0) } ?? -1
        detail.index = node.index.map { code.boundName($0) } ?? -1
        detail.ancestor = node.ancestor.map { code.boundName($0.label) } ?? -1
        detail.slot = node.slot.map { code.boundName($0.label) } ?? -1
        detail.regex = node.regex
        detail.signature = node.signature
        let isEmpty =
            node.predicates.isEmpty && node.stages.isEmpty && node.group == nil
            && node.focus == nil && node.index == nil && node.ancestor == nil && node.slot == nil
            && node.regex == nil && node.signature == nil
        if isEmpty { return -1 }
        code.details.append(detail)
        return Int32(truncatingIfNeeded: code.details.count - 1)
    }

    private mutating func stages(_ stages: [Node.Stage]) -> Code.List {
        let made = stages.map {
            Code.Stage(
                predicate: add($0.predicate), index: $0.index.map { code.boundName($0) } ?? -1)
        }
        let start = code.stages.count
        code.stages.append(contentsOf: made)
        return Code.List(
            start: Int32(truncatingIfNeeded: start), count: Int32(truncatingIfNeeded: made.count))
    }

    // MARK: Shortcuts

    private func flags(of node: Node) -> Code.Flags {
        var flags: Code.Flags = []
        if node.keepArray { flags.insert(.keepArray) }
        if node.keepSingletonArray { flags.insert(.keepSingletonArray) }
        if node.isConsArray { flags.insert(.isConsArray) }
        if node.isTuple { flags.insert(.isTuple) }
        if node.isThunk { flags.insert(.isThunk) }
        if node.isPlainPath || isPlainFromVariable(node) { flags.insert(.isPlainPath) }
        if node.kind == .condition, node.text == "??" { flags.insert(.asksExistence) }
        if node.kind == .operatorToken, node.text == "?" { flags.insert(.isPlaceholder) }
        let hasNoStages = node.stages.isEmpty && node.predicates.isEmpty
        if node.kind == .name, hasNoStages, node.group == nil, !node.keepArray, !node.isTuple,
            node.focus == nil, node.index == nil, node.ancestor == nil
        {
            flags.insert(.isPlainName)
        }
        if node.predicates.isEmpty, node.group == nil || node.kind == .path {
            flags.insert(.hasPlainResult)
        }
        if hasLiteralKeys(node) { flags.insert(.hasLiteralKeys) }
        return flags
    }

    /// `$name.a.b`: a variable and names, each without anything beside it.
    private func isPlainFromVariable(_ node: Node) -> Bool {
        guard node.kind == .path, let first = node.nodes.first, first.kind == .variable else {
            return false
        }
        return !node.isTuple && !node.keepSingletonArray && node.group == nil
            && node.predicates.isEmpty
            && node.nodes.allSatisfy {
                ($0.kind == .name || $0 === first) && $0.stages.isEmpty && $0.predicates.isEmpty
                    && !$0.isTuple && !$0.keepArray && $0.focus == nil && $0.index == nil
                    && $0.ancestor == nil && $0.group == nil
            }
    }

    /// Marks each `**` that only a plain name follows: nothing but objects has members.
    private mutating func markDescendants(_ path: Node, _ steps: [Int32]) {
        for (place, step) in path.nodes.enumerated().dropLast() {
            guard step.kind == .descendant, step.stages.isEmpty, step.predicates.isEmpty,
                step.group == nil, !step.keepArray, !step.isTuple, step.focus == nil,
                step.index == nil, step.ancestor == nil,
                code.nodes[Int(steps[place + 1])].flags.contains(.isPlainName)
            else { continue }
            code.nodes[Int(steps[place])].flags.insert(.findsObjects)
        }
    }

    private func hasLiteralKeys(_ node: Node) -> Bool {
        guard node.kind == .objectConstructor else { return false }
        var keys: Set<JSON.CodeUnits> = []
        for (key, _) in node.pairs {
            guard key.kind == .literal, key.predicates.isEmpty, key.group == nil,
                case .string(let text) = key.literal, !text.hasPrefix("_jsonata_"),
                Evaluator.arrayIndex(text.utf8) == nil,
                keys.insert(JSON.CodeUnits(text)).inserted
            else { return false }
        }
        return true
    }
}
