import { expect, it } from "vitest";
import { parseReviewRoles } from "./parse-review-roles.ts";

it.each<[string, string, string[] | null]>([
  ["a review without the line is limited to nothing", "Looks good.", null],
  ["the line names a role", "/routeward as finance-owner", ["finance-owner"]],
  ["commas and blanks part roles", "/routeward as a, b c,d", ["a", "b", "c", "d"]],
  ["a comma at the end names no role", "/routeward as a,", ["a"]],
  ["case does not matter", "/Routeward AS Finance-Owner", ["finance-owner"]],
  ["a role is taken once", "/routeward as a a A", ["a"]],
  ["a line without roles limits the review to none", "/routeward as", []],
  ["several lines add up", "/routeward as a\r\ntext\n  /routeward as b  ", ["a", "b"]],
  ["a quotation does not count", "> /routeward as a", null],
  ["another first word does not count", "acting as a", null],
  ["another command does not count", "/routeward promote a", null],
  ["an empty review does not count", "", null],
])("%s", (_name, body, roles) => {
  expect(parseReviewRoles(body)).toEqual(roles);
});
