import type { Action, System } from "../change";

// What a plan's page shows, in words; it draws them and filters. The browser's script reads this file alone.

/** A sentence, and the page in NetBox that it is about. */
export interface PlanPageLine {
  text: string;
  url?: string;
}

/** One change. */
export interface PlanPageRow {
  sign: string;
  action: Action;
  system: System;
  title: string;
  url?: string;
  parts: string[];
  /** What a new one has besides. */
  more: string[];
  effects: { effect: string; text: string; isDestructive: boolean }[];
  reasons: PlanPageLine[];
  isGuest: boolean;
}

export interface PlanPageGroup {
  /** Of a guest without a change of its own. */
  name?: string;
  url?: string;
  lead?: PlanPageRow;
  rows: PlanPageRow[];
}

export interface PlanPageBar {
  text: string;
  /** The share that is taken before and after, of 1. */
  before: number;
  after: number;
  isWarned: boolean;
}

/** By which the rows are chosen: a word, and what it is called with its count. */
export interface PlanPageChoice {
  value: string;
  text: string;
}

export interface PlanPageData {
  title: string;
  madeAt: string;
  remarks: PlanPageLine[];
  summary: string;
  rest: string;
  actions: PlanPageChoice[];
  effects: PlanPageChoice[];
  systems: System[];
  /** Problems and refusals, then warnings and the like. */
  sections: { id: string; title: string; tone: string; lines: PlanPageLine[] }[];
  bars: PlanPageBar[];
  groups: PlanPageGroup[];
}
