// Words for the reader. The lists of the API may grow, so each has an answer for what is not in it yet.
import type { ChangeKind, Urgency } from "./gql/graphql";

const urgencies: Partial<Record<Urgency, string>> = { URGENT: "紧急", SOON: "较急" };

export const urgency = (urgency: Urgency): string | null => urgencies[urgency] ?? null;

const kinds: Partial<Record<ChangeKind, string>> = {
  NEED_PUBLISHED: "发布需求",
  NEED_OPENED: "转入领办大厅",
  NEED_ESCALATED: "上报",
  NEED_UPDATED: "内容有修改",
  NEED_MATCHED: "已全部认领",
  NEED_RELEASED: "余量重新开放认领",
  NEED_PROGRESSED: "实施有进展",
  NEED_ACCEPTED: "验收完成",
  NEED_CLOSED: "办结",
  GONE: "一条需求不再公开",
};

export const kind = (kind: ChangeKind): string => kinds[kind] ?? "有变动";

export function metres(metres: number): string {
  if (!Number.isFinite(metres)) return "距离不详";
  if (metres < 100) return "100 米以内";
  return metres < 995 ? `${Math.round(metres / 10) * 10} 米` : `${(metres / 1000).toFixed(1)} 公里`;
}

const DAY = 24 * 60 * 60 * 1000;
// Days of the API are days in Shanghai, wherever the reader is.
const day = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" });
const clock = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai",
  month: "numeric",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

export function due(date: string): string {
  const left = Math.round((Date.parse(date) - Date.parse(day.format(new Date()))) / DAY);
  const [, month, dayOfMonth] = date.split("-").map(Number);
  const when = `${month} 月 ${dayOfMonth} 日前`;
  if (left < 0) return `原定 ${when}`;
  return left === 0 ? `${when}，今天截止` : `${when}，还有 ${left} 天`;
}

export const time = (at: string): string => clock.format(new Date(at));
