package api

import "github.com/postrider/postrider/pkg/model"

// titles are the words for the kinds, and the sentence for an error of that
// kind that brings none.
var titles = map[model.Kind]struct{ en, ru, detailEN, detailRU string }{
	malformed:                {"Malformed request", "Запрос не разобрать", "the request cannot be read", "запрос не удалось прочитать"},
	model.Unauthenticated:    {"Sign in first", "Нужно войти", "sign in first", "сначала войдите"},
	model.Forbidden:          {"Not allowed", "Нет прав", "you may not do this", "у вас нет прав на это"},
	model.NotFound:           {"Not found", "Не найдено", "there is nothing at this address", "по этому адресу ничего нет"},
	methodNotAllowed:         {"Method not allowed", "Метод не поддерживается", "this address does not take that method", "этот адрес не принимает такой метод"},
	model.Conflict:           {"Conflict", "Конфликт", "the state of things does not allow it", "текущее состояние этого не позволяет"},
	model.PreconditionFailed: {"Changed meanwhile", "Уже изменено", "it was changed since you read it; read it again", "это изменили после того, как вы его прочитали; прочитайте заново"},
	tooLarge:                 {"Too large", "Слишком большой запрос", "the body is larger than 1 MB", "тело запроса больше 1 МБ"},
	unsupportedMedia:         {"Unsupported media type", "Тип содержимого не поддерживается", "send application/json", "отправьте application/json"},
	model.Invalid:            {"Some fields are not valid", "Некоторые поля заполнены неверно", "some fields are not valid", "некоторые поля заполнены неверно"},
	model.TooMany:            {"Too many requests", "Слишком много запросов", "too many requests; try again later", "слишком много запросов; попробуйте позже"},
	internal:                 {"Internal error", "Внутренняя ошибка", "something went wrong on our side; the request id finds it in the log", "что-то пошло не так на нашей стороне; в журнале это найдут по номеру запроса"},
	model.Unavailable:        {"Not available now", "Сейчас недоступно", "a part of the system is away; try again soon", "часть системы недоступна; попробуйте чуть позже"},
}

// sentences are the details there are, in Russian.
var sentences = []sentence{
	say("some fields are not valid", "некоторые поля заполнены неверно"),
	say("there is no such thing, or it is not yours", "такого нет, или это не ваше"),
	say("you may look at this but not change it", "это можно смотреть, но не менять"),
	say("it was changed since you read it; read it again", "это изменили после того, как вы его прочитали; прочитайте заново"),
	say("the database is not available now", "база данных сейчас недоступна"),
	say("there is a client with this e-mail already", "клиент с таким адресом уже есть"),
	say("this address is suppressed already", "этот адрес уже в списке исключений"),
	say("%d mailings that have not ended use this message", "это сообщение нужно рассылкам, которые ещё не закончились: {}"),
}

// breach is what a code of a field means in Russian; exact ones are tried
// first.
type breach struct {
	ru    string
	exact []sentence
}

// breaches are the codes of fields there are.
var breaches = map[string]breach{
	"unknown_field":     {ru: "такого поля здесь нет, или его нельзя менять"},
	"wrong_type":        {ru: "значение не того типа"},
	"required":          {ru: "заполните это поле"},
	"out_of_range":      {ru: "значение вне допустимых пределов", exact: []sentence{say("must be between %d and %d", "должно быть от {} до {}")}},
	"unknown":           {ru: "такого здесь нет"},
	"invalid":           {ru: "значение неверно"},
	"control_character": {ru: "не должно содержать управляющих символов"},
	"invalid_time":      {ru: "время должно быть в виде RFC 3339 со смещением, например 2026-12-01T10:00:00+03:00"},
	"unknown_parameter": {ru: "такого параметра здесь нет"},
	"repeated":          {ru: "параметр можно указать только один раз"},
	"too_long": {ru: "слишком длинно", exact: []sentence{
		say("must have at most %d characters", "должно быть не длиннее {} символов"),
		say("must have at most %d KB", "должно быть не больше {} КБ"),
	}},
	"too_many":         {ru: "слишком много", exact: []sentence{say("must be at most %d", "должно быть не больше {}")}},
	"taken":            {ru: "это уже занято"},
	"not_allowed":      {ru: "так нельзя"},
	"invalid_template": {ru: "шаблон не разобрать", exact: []sentence{say("line %d: %s", "строка {}: {}")}},
}
