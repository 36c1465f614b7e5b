package api

import "github.com/postrider/postrider/pkg/model"

func errorOf(detail string) *model.Error { return &model.Error{Kind: model.Conflict, Message: detail} }

func fieldOf(code, message string) model.FieldError {
	return model.FieldError{Field: "x", Code: code, Message: message}
}
