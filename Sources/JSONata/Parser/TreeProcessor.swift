/// The second pass: paths instead of dots, predicates on their steps, tail calls as thunks, and the
/// step whose context each `%` means.
final class TreeProcessor {
    private var ancestry: [Node] = []
    private var labels = 0

    func run(_ tree: Node) throws(JSONataError) -> Node {
        let result = try process(tree)
        if result.kind == .parent || result.seekingParent != nil {
            throw JSONataError("S0217", position: result.position)
        }
        return result
    }

    private func process(_ node: Node) throws(JSONataError) -> Node {
        let result = try processKind(node)
        if node.keepArray { result.keepArray = true }
        return result
    }

    private func processKind(_ node: Node) throws(JSONataError) -> Node {
        switch node.kind {
        case .binary: return try processBinary(node)
        case .arrayConstructor, .block, .function, .partial:
            return try processList(node)
        case .objectConstructor:
            for place in node.pairs.indices {
                let key = try process(node.pairs[place].key)
                push(node, key)
                let value = try process(node.pairs[place].value)
                push(node, value)
                node.pairs[place] = (key, value)
            }
            return node
        case .negate: return try processNegate(node)
        case .lambda:
            if let body = node.rhs { node.rhs = tailCall(try process(body)) }
            return node
        case .condition: return try processCondition(node)
        case .transform:
            if let part = node.lhs { node.lhs = try process(part) }
            if let part = node.rhs { node.rhs = try process(part) }
            if let part = node.third { node.third = try process(part) }
            return node
        case .name:
            let path = Node(.path, position: node.position)
            path.nodes = [node]
            if node.keepArray { path.keepSingletonArray = true }
            markPlain(path)
            return path
        case .parent:
            node.slot = AncestorSlot(label: "!\(labels)", level: 1, index: ancestry.count)
            labels += 1
            ancestry.append(node)
            return node
        case .operatorToken:
            if node.text == "?" { return node }
            node.kind = .name
            return try process(node)
        case .end: throw JSONataError("S0207", position: node.position, token: "(end)")
        case .path, .bind, .apply, .sort, .literal, .wildcard, .descendant, .variable, .regex:
            return node
        }
    }

    private func processList(_ node: Node) throws(JSONataError) -> Node {
        for place in node.nodes.indices {
            let item = try process(node.nodes[place])
            push(node, item)
            node.nodes[place] = item
            if node.kind == .block,
                item.isConsArray || (item.kind == .path && item.nodes.first?.isConsArray == true)
            {
                node.isConsArray = true
            }
        }
        if let procedure = node.lhs { node.lhs = try process(procedure) }
        return node
    }

    private func processNegate(_ node: Node) throws(JSONataError) -> Node {
        guard let operand = node.lhs else { return node }
        let inner = try process(operand)
        if inner.kind == .literal, case .number(let number) = inner.literal {
            inner.literal = .number(-number)
            return inner
        }
        node.lhs = inner
        push(node, inner)
        return node
    }

    private func processCondition(_ node: Node) throws(JSONataError) -> Node {
        if let part = node.lhs {
            let inner = try process(part)
            node.lhs = inner
            push(node, inner)
        }
        if let part = node.rhs {
            let inner = try process(part)
            node.rhs = inner
            push(node, inner)
        }
        if let part = node.third {
            let inner = try process(part)
            node.third = inner
            push(node, inner)
        }
        return node
    }

    private func processBinary(_ node: Node) throws(JSONataError) -> Node {
        guard let left = node.lhs else { return node }
        switch node.text {
        case ".": return try processMap(left, node.rhs)
        case "[": return try processPredicate(node, left)
        case "{":
            let result = try process(left)
            guard result.group == nil else { throw JSONataError("S0210", position: node.position) }
            let group = Node(.objectConstructor, position: node.position)
            for pair in node.pairs {
                group.pairs.append((try process(pair.key), try process(pair.value)))
            }
            result.group = group
            result.isPlainPath = false
            return result
        case "^": return try processOrder(node, left)
        case "@": return try processFocus(node, left)
        case "#": return try processIndex(node, left)
        case ":=", "~>":
            node.kind = node.text == ":=" ? .bind : .apply
            let first = try process(left)
            node.lhs = first
            guard let right = node.rhs else { return node }
            let second = try process(right)
            node.rhs = second
            if node.kind == .bind { push(node, second) }
            if node.kind == .apply { node.keepArray = first.keepArray || second.keepArray }
            return node
        default:
            let first = try process(left)
            node.lhs = first
            push(node, first)
            if let right = node.rhs {
                let second = try process(right)
                node.rhs = second
                push(node, second)
            }
            return node
        }
    }

    private func asPath(_ node: Node) -> Node {
        if node.kind == .path { return node }
        let path = Node(.path, position: node.position)
        path.nodes = [node]
        return path
    }

    private func processMap(_ left: Node, _ right: Node?) throws(JSONataError) -> Node {
        let first = try process(left)
        let path = asPath(first)
        path.isPlainPath = false
        if first.kind == .parent, let slot = first.slot { path.seekingParent = [slot] }
        guard let right else { return path }
        let rest = try process(right)
        if rest.kind == .path {
            path.nodes.append(contentsOf: rest.nodes)
        } else {
            if !rest.predicates.isEmpty {
                rest.stages = rest.predicates
                rest.predicates = []
            }
            path.nodes.append(rest)
        }
        for step in path.nodes where step.kind == .literal {
            guard case .string(let name) = step.literal else {
                throw JSONataError("S0213", position: step.position, value: step.text)
            }
            step.kind = .name
            step.text = name
        }
        if path.nodes.contains(where: \.keepArray) { path.keepSingletonArray = true }
        if let step = path.nodes.first, step.kind == .arrayConstructor { step.isConsArray = true }
        if let step = path.nodes.last, step.kind == .arrayConstructor { step.isConsArray = true }
        try resolveAncestry(path)
        markPlain(path)
        return path
    }

    /// A path of names alone needs no sequences while it meets no arrays.
    private func markPlain(_ path: Node) {
        path.isPlainPath =
            path.nodes.allSatisfy {
                $0.kind == .name && $0.stages.isEmpty && $0.predicates.isEmpty && !$0.isTuple
                    && $0.focus == nil && $0.index == nil && $0.ancestor == nil && $0.group == nil
            } && !path.isTuple && !path.keepSingletonArray && path.group == nil
    }

    private func processPredicate(_ node: Node, _ left: Node) throws(JSONataError) -> Node {
        let result = try process(left)
        result.isPlainPath = false
        let isPath = result.kind == .path
        guard let step = isPath ? result.nodes.last : result else { return result }
        guard step.group == nil else { throw JSONataError("S0209", position: node.position) }
        guard let right = node.rhs else { return result }
        let predicate = try process(right)
        if let slots = predicate.seekingParent {
            for slot in slots {
                if slot.level == 1 { try seekParent(step, slot) } else { slot.level -= 1 }
            }
            push(step, predicate)
        }
        let stage = Node.Stage(predicate: predicate, index: nil)
        if isPath { step.stages.append(stage) } else { step.predicates.append(stage) }
        return result
    }

    private func processOrder(_ node: Node, _ left: Node) throws(JSONataError) -> Node {
        let path = asPath(try process(left))
        path.isPlainPath = false
        let step = Node(.sort, position: node.position)
        for term in node.terms {
            let expression = try process(term.expression)
            push(step, expression)
            step.terms.append(
                Node.SortTerm(expression: expression, isDescending: term.isDescending))
        }
        path.nodes.append(step)
        try resolveAncestry(path)
        return path
    }

    private func processFocus(_ node: Node, _ left: Node) throws(JSONataError) -> Node {
        let result = try process(left)
        result.isPlainPath = false
        guard let step = result.kind == .path ? result.nodes.last : result else { return result }
        guard step.stages.isEmpty, step.predicates.isEmpty else {
            throw JSONataError("S0215", position: node.position)
        }
        guard step.kind != .sort else { throw JSONataError("S0216", position: node.position) }
        if node.keepArray { step.keepArray = true }
        step.focus = node.rhs?.text
        step.isTuple = true
        return result
    }

    private func processIndex(_ node: Node, _ left: Node) throws(JSONataError) -> Node {
        var result = try process(left)
        result.isPlainPath = false
        guard var step = result.kind == .path ? result.nodes.last : result else { return result }
        if result.kind != .path {
            step = result
            result = asPath(step)
            step.stages = step.predicates
            step.predicates = []
        }
        if step.stages.isEmpty {
            step.index = node.rhs?.text
        } else {
            step.stages.append(Node.Stage(predicate: nil, index: node.rhs?.text))
        }
        step.isTuple = true
        return result
    }

    /// Calls in tail position become thunks, which `apply` runs in a loop instead of recursing.
    private func tailCall(_ node: Node) -> Node {
        switch node.kind {
        case .function where node.predicates.isEmpty:
            let thunk = Node(.lambda, position: node.position)
            thunk.isThunk = true
            thunk.rhs = node
            return thunk
        case .condition:
            node.rhs = node.rhs.map(tailCall)
            node.third = node.third.map(tailCall)
        case .block:
            if let last = node.nodes.last { node.nodes[node.nodes.count - 1] = tailCall(last) }
        default: break
        }
        return node
    }

    // MARK: Parents

    private func push(_ result: Node, _ value: Node) {
        guard value.seekingParent != nil || value.kind == .parent else { return }
        var slots = value.seekingParent ?? []
        if value.kind == .parent, let slot = value.slot { slots.append(slot) }
        result.seekingParent = (result.seekingParent ?? []) + slots
    }

    private func resolveAncestry(_ path: Node) throws(JSONataError) {
        guard let last = path.nodes.last else { return }
        var slots = last.seekingParent ?? []
        if last.kind == .parent, let slot = last.slot { slots.append(slot) }
        for slot in slots {
            var index = path.nodes.count - 2
            while slot.level > 0 {
                if index < 0 {
                    path.seekingParent = (path.seekingParent ?? []) + [slot]
                    break
                }
                var step = path.nodes[index]
                index -= 1
                // Steps that bind a focus share one context.
                while index >= 0, step.focus != nil, path.nodes[index].focus != nil {
                    step = path.nodes[index]
                    index -= 1
                }
                try seekParent(step, slot)
            }
        }
    }

    private func seekParent(_ node: Node, _ slot: AncestorSlot) throws(JSONataError) {
        switch node.kind {
        case .name, .wildcard:
            slot.level -= 1
            if slot.level == 0 {
                if let ancestor = node.ancestor {
                    ancestry[slot.index].slot?.label = ancestor.label
                }
                node.ancestor = slot
                node.isTuple = true
            }
        case .parent: slot.level += 1
        case .block:
            if let last = node.nodes.last {
                node.isTuple = true
                try seekParent(last, slot)
            }
        case .path:
            node.isTuple = true
            node.isPlainPath = false
            var index = node.nodes.count - 1
            repeat {
                try seekParent(node.nodes[index], slot)
                index -= 1
            } while slot.level > 0 && index >= 0
        default: throw JSONataError("S0217", position: node.position)
        }
    }
}
