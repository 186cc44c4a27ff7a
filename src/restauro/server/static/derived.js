/** What the page shows: derived here, so that nobody else asks in which phase the session is. */

/** @import { Look } from "./look.js" */
/** @import { Session } from "./session.js" */

/** @typedef {ReturnType<typeof derive>} Derived */
/** @typedef {"empty" | "painting" | "restoring" | "restored"} Phase */

/** @param {Session} session @param {Look} look */
export function derive(session, look) {
  const { work, running, models } = session;
  const history = work?.history ?? null;
  const hasHole = Boolean(work?.mask.count);
  const hasFill = Boolean(work?.fills.length);
  const newestFill = work?.newestFill ?? null;
  const showsBefore = hasFill && look.showsBefore;
  const compares = hasFill && look.compares && !showsBefore;
  const marksInvented = hasFill && look.marksInvented && !showsBefore;
  const choices = session.choices?.fit ? session.choices.fills : [];
  /** @type {Phase} */
  const phase = !work ? "empty" : running ? "restoring" : newestFill ? "restored" : "painting";
  return {
    phase,
    work,
    isKept: session.isKept,
    problem: session.problem,
    model: session.model,
    /** What a pointer does on the stage. */
    movesPicture: look.moves || look.movesForNow,
    tool: look.moves ? "move" : (work?.painter.tool ?? "brush"),
    /** What the stage shows. */
    picture: (showsBefore ? work?.opened : work?.picture) ?? null,
    before: compares ? (work?.opened ?? null) : null,
    draft: showsBefore ? null : (running?.draft ?? null),
    painted: showsBefore ? null : (work?.mask ?? null),
    invented: marksInvented ? (work?.invented ?? null) : null,
    unsure: marksInvented ? (work?.unsure ?? null) : null,
    compares,
    showsBefore,
    steps: history?.steps ?? [],
    done: history?.done ?? 0,
    restore: newestFill ? "restore_again" : "restore",
    /** The one button that stands out. */
    primary: newestFill ? "download" : "restore",
    stage: compares ? "stage_compared" : "stage",
    status: statusOf(session),
    remark: phase === "restored" ? (newestFill?.answer.remark ?? "") : "",
    runningSince: running?.since ?? 0,
    /** What is known of how long it takes, and how much of it is done; null if not. */
    forecast: running?.seconds ?? null,
    share: running?.share ?? 0,
    choices,
    newestFill,
    /** Controls by their ids. */
    disabled: {
      undo: !history?.done,
      redo: !history || history.done === history.steps.length,
      clear: !hasHole,
      grow: !hasHole,
      shrink: !hasHole,
      damage: Boolean(running),
      "save-mask": !hasHole,
      "brush-size": work?.painter.tool === "rectangle",
      restore: !models.length || !(hasHole || newestFill),
      "try-all": models.length < 2 || !(hasHole || newestFill) || Boolean(running),
      model: Boolean(running),
      download: session.isEncoding,
    },
    hidden: {
      restore: Boolean(running),
      cancel: !running,
      suggest: phase !== "painting" || hasHole || !work?.opened.suggestion,
      progress: !running?.seconds,
      download: !hasFill,
      answers: !choices.length,
      before: !hasFill,
      comparing: !hasFill,
      divided: !compares,
      divider: !compares,
      "invented-line": !hasFill,
      "unsure-line": !marksInvented || !work?.unsure,
      "close-picture": !work,
      remark: !newestFill?.answer.remark,
    },
  };
}

/**
 * A sentence of `sentences.js` and its values.
 * @param {Session} session
 * @returns {{key: string, share?: number, model?: string, seconds?: number, place?: number}}
 */
function statusOf({ work, running, isEncoding }) {
  if (running?.isQueued) {
    return running.place ? { key: "queued", place: running.place } : { key: "waiting" };
  }
  if (isEncoding && !running) return { key: "encoding" };
  if (running) return { key: running.says, model: running.model };
  const answer = work?.newestFill?.answer;
  if (answer) return { key: "restored", model: answer.model, seconds: answer.seconds };
  if (!work?.mask.count) return { key: "paint_first" };
  return { key: "hole", share: work.mask.count / work.mask.pixels.length };
}
