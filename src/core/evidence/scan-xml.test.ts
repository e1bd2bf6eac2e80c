import { expect, it } from "vitest";
import { scanXml } from "./scan-xml.ts";

/** Each tag as `depth name key=value …`, or why the text was refused. */
function scan(text: string): string[] | string {
  const scanned = scanXml(text);
  if (!scanned.ok) return scanned.why;
  return scanned.tags.map(({ name, depth, attributes }) =>
    [depth, name, ...Object.entries(attributes).map(([key, value]) => `${key}=${value}`)].join(" "),
  );
}

it.each<[string, string, string[]]>([
  ["an empty tag", "<a/>", ["1 a"]],
  ["a tag that is closed", "<a></a>", ["1 a"]],
  ["a closing tag with a space", "<a></a >", ["1 a"]],
  ["tags inside of tags", "<a><b/><c><d/></c></a>", ["1 a", "2 b", "2 c", "3 d"]],
  ["text around and between tags", " x <a> y <b/> z </a> w ", ["1 a", "2 b"]],
  ["attributes in both quotes", `<a b="one" c='two'/>`, ["1 a b=one c=two"]],
  ["attributes after several spaces", '<a  b="1" \n c="2"/>', ["1 a b=1 c=2"]],
  ["an attribute with spaces around its sign", '<a b\t=\n "1"/>', ["1 a b=1"]],
  ["an empty attribute", '<a b=""/>', ["1 a b="]],
  ["a tag end inside of quotes", `<a b=">" c='>'/>`, ["1 a b=> c=>"]],
  ["the other quote inside of quotes", `<a b="'" c='"'/>`, [`1 a b=' c="`]],
  ["names with signs and digits", '<_a.b:c-1 d_.:-2="x"/>', ["1 _a.b:c-1 d_.:-2=x"]],
  ["a space before the end", "<a />", ["1 a"]],
  ["the five entities", '<a b="&amp;&lt;&gt;&quot;&apos;"/>', [`1 a b=&<>"'`]],
  ["references to characters", '<a b="&#65;&#x42;&#X43;&#x1F600;&#x10FFFF;"/>', ["1 a b=ABC😀\u{10FFFF}"]],
  ["text after a reference", '<a b="1&lt;2 &amp; 3"/>', ["1 a b=1<2 & 3"]],
  [
    "a declaration, a comment and character data are passed over",
    '<?xml v="1"?><!-- <b/> --><a><![CDATA[<c/>]]></a>',
    ["1 a"],
  ],
  ["a comment that ends with a bracket", "<!-- b<--><a/>", ["1 a"]],
  ["a tag right after what was passed over", "<!----><a/>", ["1 a"]],
  ["an attribute named like a method of objects", '<a constructor="1"/>', ["1 a constructor=1"]],
])("reads %s", (_name, text, tags) => {
  expect(scan(text)).toEqual(tags);
});

it.each<[string, string, string]>([
  ["nothing", "", "the text is not XML"],
  ["text without a tag", "abc", "the text is not XML"],
  ["a tag without its end", "<a", "a tag is not closed"],
  ["a tag inside of a tag", "<a <b/>", "a tag is not closed"],
  ["a quote without its end", '<a b="1/>', "a tag is not closed"],
  ["a tag that stays open", "<a><b></b>", "a tag is not closed"],
  ["tags that cross", "<a><b></a></b>", "the tags are not nested properly"],
  ["a closing tag alone", "</a>", "the tags are not nested properly"],
  ["a closing tag of another name", "<a></b>", "the tags are not nested properly"],
  ["two roots", "<a/><b/>", "there is more than one root"],
  ["a name that begins with a digit", "<1a/>", "a tag cannot be read"],
  ["a name that begins with a digit, with an attribute", '<1 a="2"/>', "a tag cannot be read"],
  ["a name of 129 characters", `<${"a".repeat(129)}/>`, "a tag cannot be read"],
  ["no name", "<>", "a tag cannot be read"],
  ["an attribute twice", '<a b="1" b="2"/>', "a tag cannot be read"],
  ["an attribute without quotes", "<a b=1/>", "a tag cannot be read"],
  ["an attribute without a value", "<a b/>", "a tag cannot be read"],
  ["attributes without a space", '<a b="1"c="2"/>', "a tag cannot be read"],
  ["a bracket in a value", '<a b="<"/>', "a tag cannot be read"],
  ["65 attributes", `<a ${Array.from({ length: 65 }, (_, n) => `b${n}="1"`).join(" ")}/>`, "a tag cannot be read"],
  ["an entity that nobody defined", '<a b="&auml;"/>', "a tag cannot be read"],
  ["an entity named like a method of objects", '<a b="&toString;"/>', "a tag cannot be read"],
  ["an entity without its end", '<a b="&amp"/>', "a tag cannot be read"],
  ["a character reference without its end", '<a b="&#65"/>', "a tag cannot be read"],
  ["a lone ampersand", '<a b="1 & 2"/>', "a tag cannot be read"],
  ["the character zero", '<a b="&#0;"/>', "a tag cannot be read"],
  ["a character beyond the last", '<a b="&#x110000;"/>', "a tag cannot be read"],
  ["a reference that begins with a letter", '<a b="&x#65;"/>', "a tag cannot be read"],
  ["a reference that ends with a letter", '<a b="&#65x;"/>', "a tag cannot be read"],
  ["a reference of letters", '<a b="&#zz;"/>', "a tag cannot be read"],
  ["a document type", "<!DOCTYPE a><a/>", "a document type or entity declaration is not accepted"],
  ["a declaration without its end", "<?xml <a/>", "`<?` is not closed"],
  ["a comment without its end", "<!-- <a/>", "`<!--` is not closed"],
  ["a comment that ends with its beginning", "<!-->", "`<!--` is not closed"],
  ["character data without its end", "<a><![CDATA[ </a>", "`<![CDATA[` is not closed"],
  ["33 levels", `${"<a>".repeat(33)}${"</a>".repeat(33)}`, "tags are nested deeper than 32"],
  [
    "more than four million characters",
    `<a/>${" ".repeat(4 * 1024 * 1024)}`,
    "the text is longer than 4194304 characters",
  ],
  ["more than 200,000 tags", `<a>${"<b/>".repeat(200_000)}</a>`, "there are more than 200000 tags"],
])("refuses %s", (_name, text, why) => {
  expect(scan(text)).toBe(why);
});

it.each<[string, string]>([
  ["64 attributes", `<a ${Array.from({ length: 64 }, (_, n) => `b${n}="1"`).join(" ")}/>`],
  ["32 levels", `${"<a>".repeat(32)}${"</a>".repeat(32)}`],
  ["a name of 128 characters", `<${"a".repeat(128)}/>`],
  ["200,000 tags", `<a>${"<b/>".repeat(199_999)}</a>`],
  ["four million characters", `<a/>${" ".repeat(4 * 1024 * 1024 - 4)}`],
])("takes %s", (_name, text) => {
  expect(scanXml(text).ok).toBe(true);
});
