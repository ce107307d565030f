"""Rules of test blocks."""

from campflow.language import syntax
from campflow.language.building.ground import Ground, Parts, kept


class TestRules(Ground):
    __test__ = False

    def test_declaration(self, parts: Parts) -> syntax.TestDeclaration:
        _, title, campaign, *steps, _ = parts
        return syntax.TestDeclaration(self.text([title]), self.name(campaign), kept(steps), self.whole(parts))

    def test_contact(self, parts: Parts) -> syntax.TestContact:
        return syntax.TestContact(self.name(parts[1]), self.written(parts[2]), self.whole(parts))

    def at_moment(self, parts: Parts) -> syntax.AtMoment:
        return syntax.AtMoment(self.moment(parts[1]), self.whole(parts))

    def after_pause(self, parts: Parts) -> syntax.AfterPause:
        return syntax.AfterPause(self.duration(parts[1:]), self.whole(parts))

    def happens(self, parts: Parts) -> syntax.Happens:
        contact, event, about, fields = parts
        return syntax.Happens(
            self.name(contact), self.name(event), self.optional_name(about), self.written(fields), self.whole(parts)
        )

    def force_arm(self, parts: Parts) -> syntax.ForceArm:
        return syntax.ForceArm(self.name(parts[1]), self.name(parts[2]), self.whole(parts))

    def expect_in(self, parts: Parts) -> syntax.ExpectIn:
        return syntax.ExpectIn(self.name(parts[1]), self.name(parts[2]), self.whole(parts))

    def expect_sent(self, parts: Parts) -> syntax.ExpectSent:
        _, contact, negation, channel, message, at = parts
        return syntax.ExpectSent(
            self.name(contact),
            negation is not None,
            self.name(channel),
            self.name(message),
            self.date_time([at]) if at else None,
            self.whole(parts),
        )

    def expect_converted(self, parts: Parts) -> syntax.ExpectConverted:
        _, contact, negation, _, conversion = parts
        return syntax.ExpectConverted(
            self.name(contact), negation is not None, self.optional_name(conversion), self.whole(parts)
        )

    def expect_left(self, parts: Parts) -> syntax.ExpectLeft:
        _, contact, negation, _ = parts
        return syntax.ExpectLeft(self.name(contact), negation is not None, self.whole(parts))
