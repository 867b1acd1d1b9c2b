/// Every way an expression can fail to compile or to evaluate.
///
/// The codes are those of JSONata 2.2.2 (`S` syntax, `T` type, `D` dynamic) and, with `U`, the
/// limits and refusals of this implementation, which have no counterpart in the reference except
/// `U1001`. The raw value is the code as it is printed.
public enum JSONataErrorCode: String, CaseIterable, Sendable {
    /// The string has no closing quote.
    case s0101 = "S0101"
    /// The number `token` is out of range.
    case s0102 = "S0102"
    /// The escape sequence \`token` is not supported.
    case s0103 = "S0103"
    /// \u must be followed by four hexadecimal digits.
    case s0104 = "S0104"
    /// The quoted name has no closing backquote.
    case s0105 = "S0105"
    /// The comment has no closing */.
    case s0106 = "S0106"
    /// Syntax error at `token`.
    case s0201 = "S0201"
    /// Expected `value` but found `token`.
    case s0202 = "S0202"
    /// Expected `value` but the expression ends.
    case s0203 = "S0203"
    /// `token` is no operator.
    case s0204 = "S0204"
    /// `token` is not expected here.
    case s0205 = "S0205"
    /// `token` is no known kind of expression.
    case s0206 = "S0206"
    /// The expression ends too early.
    case s0207 = "S0207"
    /// The parameter `value` of a function must be a variable: a name after $.
    case s0208 = "S0208"
    /// A predicate cannot come after a grouping expression within one step.
    case s0209 = "S0209"
    /// A step can have one grouping expression only.
    case s0210 = "S0210"
    /// `token` cannot be used as a prefix operator.
    case s0211 = "S0211"
    /// The left side of := must be a variable: a name after $.
    case s0212 = "S0212"
    /// The literal `value` cannot be a step of a path.
    case s0213 = "S0213"
    /// The right side of `token` must be a variable: a name after $.
    case s0214 = "S0214"
    /// A context variable must be bound before the predicates of its step.
    case s0215 = "S0215"
    /// A context variable must be bound before the order-by clause of its step.
    case s0216 = "S0216"
    /// What % stands for cannot be derived from this expression.
    case s0217 = "S0217"
    /// A regular expression cannot be empty.
    case s0301 = "S0301"
    /// The regular expression has no closing /.
    case s0302 = "S0302"
    /// Only functions and arrays take a type parameter.
    case s0401 = "S0401"
    /// A choice of types cannot hold types with parameters.
    case s0402 = "S0402"
    /// An expression with syntax errors cannot be evaluated.
    case s0500 = "S0500"
    /// Argument `index` of `function` does not fit the function's signature.
    case t0410 = "T0410"
    /// The context value does not fit argument `index` of `function`.
    case t0411 = "T0411"
    /// Argument `index` of `function` must be an array of `value`.
    case t0412 = "T0412"
    /// The number `value` is out of range.
    case d1001 = "D1001"
    /// `value` is no number and cannot be negated.
    case d1002 = "D1002"
    /// A key of an object must be a string, not `value`.
    case t1003 = "T1003"
    /// The regular expression matches an empty string.
    case d1004 = "D1004"
    /// What is called is no function; did you mean $`token`?.
    case t1005 = "T1005"
    /// What is called is no function.
    case t1006 = "T1006"
    /// What is partially applied is no function; did you mean $`token`?.
    case t1007 = "T1007"
    /// What is partially applied is no function.
    case t1008 = "T1008"
    /// Several definitions give the same key `value`.
    case d1009 = "D1009"
    /// The matcher given to `function` does not return a match object.
    case t1010 = "T1010"
    /// The evaluation nests too deep; is there a recursion without an end?.
    case d1011 = "D1011"
    /// The evaluation took longer than `value` ms; is there a loop without an end?.
    case d1012 = "D1012"
    /// Names that begin with _jsonata_ are reserved: `value`.
    case d1013 = "D1013"
    /// The left side of `token` must be a number.
    case t2001 = "T2001"
    /// The right side of `token` must be a number.
    case t2002 = "T2002"
    /// The left side of .. must be an integer.
    case t2003 = "T2003"
    /// The right side of .. must be an integer.
    case t2004 = "T2004"
    /// The left side of := must be a variable: a name after $.
    case d2005 = "D2005"
    /// The right side of ~> must be a function.
    case t2006 = "T2006"
    /// `value` and `value2` are of different types and cannot be put in order.
    case t2007 = "T2007"
    /// Values to order by must be numbers or strings.
    case t2008 = "T2008"
    /// `value` and `value2` on the two sides of `token` must be of one type.
    case t2009 = "T2009"
    /// Both sides of `token` must be numbers or strings.
    case t2010 = "T2010"
    /// The update of a transform must be an object, not `value`.
    case t2011 = "T2011"
    /// The deletion of a transform must be a string or an array of strings, not `value`.
    case t2012 = "T2012"
    /// A transform needs $clone, which is bound to something that is no function.
    case t2013 = "T2013"
    /// A range may hold ten million numbers; this one has `value`.
    case d2014 = "D2014"
    /// The sequence would grow beyond `value` items.
    case d2015 = "D2015"
    /// Infinity and NaN have no string form.
    case d3001 = "D3001"
    /// The second argument of $replace cannot be an empty string.
    case d3010 = "D3010"
    /// The fourth argument of $replace must not be negative.
    case d3011 = "D3011"
    /// What replaces a match must be a string.
    case d3012 = "D3012"
    /// The third argument of $split must not be negative.
    case d3020 = "D3020"
    /// `value` cannot be read as a number.
    case d3030 = "D3030"
    /// The third argument of $match must not be negative.
    case d3040 = "D3040"
    /// The function given to $reduce must take at least two arguments.
    case d3050 = "D3050"
    /// `value` is negative and has no square root.
    case d3060 = "D3060"
    /// `value` to the power `value2` is no finite number.
    case d3061 = "D3061"
    /// $sort without a function takes an array of strings or an array of numbers.
    case d3070 = "D3070"
    /// The picture has more than two sub-pictures.
    case d3080 = "D3080"
    /// The sub-picture has more than one decimal separator.
    case d3081 = "D3081"
    /// The sub-picture has more than one percent sign.
    case d3082 = "D3082"
    /// The sub-picture has more than one per-mille sign.
    case d3083 = "D3083"
    /// The sub-picture has both a percent sign and a per-mille sign.
    case d3084 = "D3084"
    /// The mantissa of the sub-picture has no digit.
    case d3085 = "D3085"
    /// The sub-picture has a passive character between active ones.
    case d3086 = "D3086"
    /// The sub-picture has a grouping separator beside the decimal separator.
    case d3087 = "D3087"
    /// The integer part of the sub-picture ends with a grouping separator.
    case d3088 = "D3088"
    /// The sub-picture has two grouping separators side by side.
    case d3089 = "D3089"
    /// In the integer part of the sub-picture an optional digit follows a mandatory one.
    case d3090 = "D3090"
    /// In the fraction of the sub-picture a mandatory digit follows an optional one.
    case d3091 = "D3091"
    /// A sub-picture with a percent or per-mille sign cannot have an exponent.
    case d3092 = "D3092"
    /// The exponent of the sub-picture must be one or more mandatory digits.
    case d3093 = "D3093"
    /// The radix must be from 2 to 36, not `value`.
    case d3100 = "D3100"
    /// `value` is no ISO 8601 timestamp.
    case d3110 = "D3110"
    /// The expression given to $eval has a syntax error: `value`.
    case d3120 = "D3120"
    /// The expression given to $eval failed: `value`.
    case d3121 = "D3121"
    /// Numbering that begins with `value` is not supported.
    case d3130 = "D3130"
    /// The digits of an integer picture must come from one set of ten.
    case d3131 = "D3131"
    /// `value` is no component of a date/time picture.
    case d3132 = "D3132"
    /// Only months and days have names, `value` has none.
    case d3133 = "D3133"
    /// The time zone in a date/time picture takes up to four digits.
    case d3134 = "D3134"
    /// A [ of the date/time picture has no ].
    case d3135 = "D3135"
    /// The date/time picture leaves out a component that is needed.
    case d3136 = "D3136"
    /// A failure that the expression itself raised with `$error`.
    case d3137 = "D3137"
    /// $single found more than one match.
    case d3138 = "D3138"
    /// $single found no match.
    case d3139 = "D3139"
    /// Malformed URL passed to $`function`(): `value`.
    case d3140 = "D3140"
    /// A failure that the expression itself raised with `$assert`.
    case d3141 = "D3141"
    /// A limit on steps or depth was reached (also the reference's own code for it).
    case u1001 = "U1001"
    /// A string would be longer than the limits allow.
    case u1002 = "U1002"
    /// More memory would be taken than the limits allow.
    case u1003 = "U1003"
    /// A match was given up: PCRE2's match, depth or heap limit was reached.
    case u1004 = "U1004"
    /// A regular expression that does not compile.
    case u1005 = "U1005"
    /// An expression source longer than the limits allow.
    case u1006 = "U1006"
    /// An expression that nests deeper than the limits allow.
    case u1007 = "U1007"
    /// A picture whose width or padding is beyond any use.
    case u1008 = "U1008"
    /// An input that nests deeper than the limits allow.
    case u1009 = "U1009"
    /// A value that the reference cannot format either: it stops with an uncoded error there.
    case u1010 = "U1010"
    /// A registered native function reported a failure.
    case u1011 = "U1011"
}
