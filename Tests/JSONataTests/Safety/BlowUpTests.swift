import Foundation
import JSON
import JSONata
import Testing

/// Expressions that would take all time, memory or stack stop with a code, on a loop's stack.
struct BlowUpTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let expression: String
        var input: String?
        let codes: Set<String>
        var testDescription: String { name }
    }

    private static func text(_ part: String, _ count: Int) -> String {
        String(repeating: part, count: count)
    }

    static let cases: [Case] = [
        Case(
            name: "nested maps over ranges",
            expression: """
                $map([1..1000], function($a){$map([1..1000], function($b){
                $map([1..1000], function($c){$a*$b*$c})})})
                """, codes: ["U1001", "U1003"]),
        Case(
            name: "padding to fifty million characters", expression: "$pad('', 50000000, 'x')",
            codes: ["U1002"]),
        Case(
            name: "a string doubled for ever",
            expression: "($f := function($s){$f($s & $s)}; $f('abcdefgh'))", codes: ["U1002"]),
        Case(
            name: "a string doubled by joining",
            expression: "($f := function($s){$f($join([$s,$s,$s]))}; $f('abcdefgh'))",
            codes: ["U1002"]),
        Case(
            name: "an array doubled for ever",
            expression: "($f := function($s){$f($append($s, $s))}; $f([1,2]))",
            codes: ["U1003", "D2015", "U1001"]),
        Case(
            name: "catastrophic backtracking",
            expression: "$match('\(text("a", 40))b', /^(a+)+$/)", codes: ["U1004"]),
        Case(
            name: "catastrophic backtracking in a test",
            expression: "$contains('\(text("a", 40))!', /^(a|aa)+$/)", codes: ["U1004"]),
        Case(
            name: "deep recursion", expression: "($f := function($n){1 + $f($n + 1)}; $f(0))",
            codes: ["U1001"]),
        Case(
            name: "deep recursion through map",
            expression: "($f := function($n){$map([$n], $f)[0] + 1}; $f(0))", codes: ["U1001"]),
        Case(
            name: "deep recursion through sorting",
            expression: "($f := function($a,$b){$sort([1,2], $f)[0] > 1}; $sort([1,2], $f))",
            codes: ["U1001"]),
        Case(
            name: "deep recursion through a replacement",
            expression: "($f := function($m){$replace('a', /a/, $f)}; $f(1))", codes: ["U1001"]),
        Case(
            name: "deep recursion through $eval",
            expression: "($s := '$eval($s)'; $eval($s))", codes: ["U1001", "D3121"]),
        Case(
            name: "an endless tail call", expression: "($f := function($n){$f($n + 1)}; $f(0))",
            codes: ["U1001"]),
        Case(
            name: "three thousand parentheses",
            expression: text("(", 3000) + "1" + text(")", 3000), codes: ["U1007"]),
        Case(
            name: "three thousand brackets", expression: text("[", 3000) + text("]", 3000),
            codes: ["U1007"]),
        Case(
            name: "a hundred thousand minus signs", expression: text("-", 100_000) + "1",
            codes: ["U1007"]),
        Case(
            name: "a sum of a hundred thousand terms", expression: text("1+", 100_000) + "1",
            codes: ["U1007", "U1001"]),
        Case(
            name: "a path of a hundred thousand steps", expression: text("a.", 100_000) + "a",
            codes: ["U1007"]),
        Case(
            name: "a hundred thousand conditions", expression: text("a?b:", 100_000) + "1",
            codes: ["U1007"]),
        Case(
            name: "a hundred thousand predicates", expression: "a" + text("[0]", 100_000),
            codes: ["U1007"]),
        Case(
            name: "a hundred thousand calls", expression: "$f" + text("()", 100_000),
            codes: ["U1007"]),
        Case(
            name: "a broken sum of a hundred thousand terms",
            expression: text("1+", 100_000) + ")", codes: ["U1007", "S0211"]),
        Case(
            name: "arrays nested by a tail call",
            expression: "($f := function($n,$a){$n=0 ? $a : $f($n-1,[[$a]])}; $f(200000,[1]))",
            codes: ["U1001", "U1003"]),
        Case(
            name: "objects nested by a tail call",
            expression: "($f := function($n,$a){$n=0 ? $a : $f($n-1,{'a':$a})}; $f(200000,1))",
            codes: ["U1001", "U1003"]),
        Case(
            name: "the date picture of jsonata-js #833",
            expression: "$toMillis('\(text("1", 200))x', '[f1][f1][f1][f1][f1]')",
            codes: ["D3136", "undefined"]),
        Case(
            name: "objects nested through built-in functions",
            expression: """
                ($f := function($n,$a){$n=0 ? $a : $f($n-1,$merge([{'a':$append($a, 1)}]))};
                $f(200000,1))
                """, codes: ["U1001", "U1003"]),
        Case(name: "a huge range", expression: "$sum([0..9999999])", codes: ["U1001", "U1003"]),
        Case(name: "too huge a range", expression: "[0..10000000]", codes: ["D2014"]),
        Case(
            name: "a cross product",
            expression: "($a := [1..3000]; $count($a.($b := $; $a.($ + $b))))",
            codes: ["U1001", "U1003"]),
        Case(
            name: "a cross join",
            expression: "($a := [1..3000]; $count($a@$x.$a@$y.($x + $y)))",
            codes: ["U1001", "U1003"]),
        Case(
            name: "a signature with a thousand optional parameters",
            expression: "function($x)<\(text("n-", 1000))n>{$x}(1, 'a')", codes: ["T0410"]),
        Case(
            name: "a result that holds one object twice, forty times over",
            expression: "$reduce([1..40], function($a,$b){{'a':$a,'b':$a}}, 1)",
            codes: ["U1001", "U1003"]),
        Case(
            name: "the same as a text",
            expression: "$reduce([1..40], function($a,$b){{'a':$a,'b':$a}}, 1) ~> $string",
            codes: ["U1001", "U1002", "U1003"]),
        Case(
            name: "a result that holds the input a hundred thousand times",
            expression: "[1..100000].$$", input: "\"\(text("x", 10_000))\"", codes: ["U1003"]),
        Case(
            name: "an object put into itself again and again",
            expression: """
                ($f := function($n, $o){$n = 0 ? $o : $f($n - 1, $o ~> |a|{'b': $, 'c': $}|)};
                $f(60, {'a': {'x': 1}}))
                """, codes: ["U1001", "U1003"]),
        Case(
            name: "joining a gigabyte",
            expression: "$join($map([1..100000], function(){$pad('', 10000, 'x')}))",
            codes: ["U1001", "U1002", "U1003"]),
        Case(
            name: "an array doubled by a fold",
            expression: "$reduce([1..100], function($a,$b){$append($a,$a)}, [1])",
            codes: ["U1001", "U1003", "D2015"]),
        Case(
            name: "replacements that grow",
            expression: "$reduce([1..60], function($s,$i){$replace($s, /a/, '$0$0')}, 'a')",
            codes: ["U1001", "U1002", "U1003"]),
        Case(
            name: "splitting into too many parts",
            expression: "$count($split($pad('', 8000000, 'x'), ''))",
            codes: ["U1001", "U1003"]),
    ]

    @Test(arguments: cases)
    func `an expression that blows up stops with a code`(item: Case) throws {
        let outcome = try SafeRun.outcome(item.expression, input: item.input)
        #expect(item.codes.contains(outcome.code ?? "\(outcome)"), "\(outcome)")
    }

    @Test(arguments: [
        "$formatInteger(1, P)", "$parseInteger('1', P)", "$formatNumber(1, P)",
        "$fromMillis(1, P)", "$toMillis('1', P)",
    ])
    func `a picture may have a thousand bytes and not one more`(call: String) throws {
        let picture = { (count: Int) in
            call.replacingOccurrences(of: "P)", with: "'\(Self.text("#", count - 1))0')")
        }
        #expect(try SafeRun.outcome(picture(1000)).code != "U1002")
        #expect(try SafeRun.outcome(picture(1001)) == .code("U1002"))
    }
}
