# An abstract class says it the other way round.
/^-> TypeError: Can't instantiate/{
s/with abstract method(s?) (.*)$/without an implementation for abstract method\1 '\2'/
s/, /', '/g
}
