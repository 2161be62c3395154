import type {
  EndedMembers,
  Enrolment,
  EnrolOutcome,
  KnownMember,
  Member,
  MemberState,
  Selection,
} from '../../member-index.js';
import { asExistence, asNothing } from './replies.js';
import {
  confirmScript,
  endMembersScript,
  enrolScript,
  forgetMembersScript,
  keepMemberScript,
  membersScript,
  parseEndedMembers,
  parseEnrolOutcome,
  parseMembers,
} from './scripts/members.js';
import type { ScriptRunner } from './scripts/script-runner.js';
import { asPx } from './set-command.js';

/** The verbs for indexes of members, each one script. */
export class MemberIndexes {
  constructor(private readonly run: ScriptRunner) {}

  enrol(index: string, enrolment: Enrolment): Promise<EnrolOutcome> {
    const args = [JSON.stringify(enrolment), asPx(enrolment.ttl)];
    return this.run(enrolScript, [index], args, parseEnrolOutcome);
  }

  confirm(index: string, handle: string, ttl: number, gone: readonly string[]): Promise<boolean> {
    return this.run(confirmScript, [index], [handle, asPx(ttl), ...gone], asExistence);
  }

  keep(index: string, member: KnownMember, ttl: number): Promise<boolean> {
    return this.run(keepMemberScript, [index], [JSON.stringify(member), asPx(ttl)], asExistence);
  }

  end(index: string, selection: Selection): Promise<EndedMembers> {
    return this.run(endMembersScript, [index], [JSON.stringify(selection)], parseEndedMembers);
  }

  forget(index: string, handles: readonly string[], state: MemberState | undefined): Promise<void> {
    return this.run(forgetMembersScript, [index], [state ?? '', ...handles], asNothing);
  }

  list(index: string): Promise<readonly Member[]> {
    return this.run(membersScript, [index], [], parseMembers);
  }
}
